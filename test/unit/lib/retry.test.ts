import { expect, test } from 'vitest'
import { retry } from '../../../src/lib/retry.ts'

const failing = (times: number) => {
  let tried = 0
  return async () => {
    tried++
    if (tried <= times) throw new Error(`failure ${tried}`)
    return tried
  }
}

test('work is done again until it succeeds, with the number of tries so far', async () => {
  const asked: [string, number][] = []
  const done = await retry(failing(2), (error, attempts) => {
    asked.push([String(error), attempts])
    return 0
  })
  expect(done).toBe(3)
  expect(asked).toEqual([
    ['Error: failure 1', 1],
    ['Error: failure 2', 2],
  ])
})

test('where there is no next try, the error is thrown as it is', async () => {
  await expect(retry(failing(9), (_, attempts) => (attempts === 3 ? undefined : 0))).rejects.toThrow('failure 3')
})
