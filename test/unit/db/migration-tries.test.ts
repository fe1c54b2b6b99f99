import { expect, test } from 'vitest'
import { untilNoDeadlock } from '../../../src/db/migration-tries.ts'

const failure = (code: string) => Object.assign(new Error('refused'), { code })

function failing(times: number, code: string) {
  let runs = 0
  const migrate = async () => {
    if (++runs <= times) throw new Error('Failed query', { cause: failure(code) })
  }
  return { migrate, runs: () => runs }
}

const log = { info: () => {} }

test('a migration that a deadlock has ended is run again', async () => {
  const { migrate, runs } = failing(3, '40P01')
  await untilNoDeadlock(migrate, log, 0)
  expect(runs()).toBe(4)
})

test('whatever else it fails with ends the start', async () => {
  const { migrate, runs } = failing(1, '42501')
  await expect(untilNoDeadlock(migrate, log, 0)).rejects.toThrow('Failed query')
  expect(runs()).toBe(1)
})

test('it is not tried for ever', async () => {
  const { migrate, runs } = failing(1_000, '40P01')
  await expect(untilNoDeadlock(migrate, log, 0)).rejects.toThrow('Failed query')
  expect(runs()).toBe(10)
})
