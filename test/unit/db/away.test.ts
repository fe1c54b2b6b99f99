/** A database that is away for a moment is waited for; anything else is reported at once. */

import { pino } from 'pino'
import { expect, test } from 'vitest'
import { whileDatabaseIsAway } from '../../../src/db/away.ts'
import { OperatorError } from '../../../src/lib/errors.ts'

const lines: string[] = []
const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line).msg) })
const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
// As drizzle and pg-boss throw it.
const wrapped = new Error('Failed query: select 1', { cause: refused })

test('it is tried again until it is there, each time in one line', async () => {
  const failures = [refused, wrapped]
  const work = async () => {
    const failure = failures.shift()
    if (failure) throw failure
    return 'open'
  }
  expect(await whileDatabaseIsAway(60_000, log, work)).toBe('open')
  expect(lines).toEqual([
    'the database cannot be reached (connect ECONNREFUSED 127.0.0.1:5432); trying again in 0.25 s',
    'the database cannot be reached (connect ECONNREFUSED 127.0.0.1:5432); trying again in 0.5 s',
  ])
})

test('after its patience the operator gets an error; what waiting does not mend is thrown at once', async () => {
  let tries = 0
  const failing = (error: unknown) => async () => {
    tries++
    throw error
  }
  await expect(whileDatabaseIsAway(0, log, failing(wrapped))).rejects.toThrow(OperatorError)
  const wrong = new Error('password authentication failed')
  await expect(whileDatabaseIsAway(60_000, log, failing(wrong))).rejects.toBe(wrong)
  expect(tries).toBe(2)
})

test('its patience begins anew when the database was there in between', async () => {
  const tries = (wasThere: boolean) => {
    let count = 0
    // Three pauses of 250 ms each are more than the patience; doubled ones are so too.
    return whileDatabaseIsAway(600, log, async (reached) => {
      if (wasThere) reached()
      if (++count < 4) throw refused
      return 'open'
    })
  }
  const [there, away] = await Promise.all([tries(true), tries(false).catch((error: unknown) => error)])
  expect(there).toBe('open')
  expect(away).toBeInstanceOf(OperatorError)
})
