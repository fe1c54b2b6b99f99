/** The time is the database's, whatever the clock of the machine does. */

import { pino } from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import { followClock } from '../../../src/db/follow-clock.ts'
import { currentMs, currentTime, machineAheadMs, setCurrentTime } from '../../../src/lib/clock.ts'
import { Closers } from '../../../src/lib/closers.ts'

const hourMs = 3_600_000
afterEach(() => {
  vi.useRealTimers()
  setCurrentTime(undefined)
})

/** A database whose clock is `aheadMs` ahead of what this machine's was at first. */
function setUp(kind: 'postgres' | 'pglite' = 'postgres') {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval', 'setTimeout', 'performance'] })
  const database = { aheadMs: 0, lateMs: 0, asked: 0, away: false }
  const start = { date: Date.now(), tick: performance.now() }
  const execute = async () => {
    database.asked++
    if (database.away) throw new Error('the database is away')
    const ms = start.date + performance.now() - start.tick + database.aheadMs
    if (database.lateMs > 0) await new Promise((resolve) => setTimeout(resolve, database.lateMs))
    return { rows: [{ ms }] }
  }
  const said: string[] = []
  const log = pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  const closers = new Closers()
  const follow = () => followClock({ kind, db: { execute } as never }, log, closers)
  return { database, said, closers, follow, start }
}

test('until a database is asked, and after its end, the time is the machine’s', async () => {
  const { database, closers, follow } = setUp()
  database.aheadMs = 2 * hourMs
  expect(currentMs()).toBe(Date.now())
  await follow()
  expect(currentMs()).toBe(Date.now() + 2 * hourMs)
  expect(machineAheadMs()).toBe(-2 * hourMs)
  await closers.close(() => {})
  expect(currentTime()).toEqual(new Date())
})

test('a machine that jumps moves no time, and the operator hears of it once in each direction', async () => {
  const { said, follow, start } = setUp()
  await follow()
  expect(said).toEqual([])
  vi.setSystemTime(Date.now() + 48 * hourMs)
  expect(currentMs()).toBe(start.date)
  await vi.advanceTimersByTimeAsync(90_000)
  expect(currentMs()).toBe(start.date + 90_000)
  expect(said).toEqual([
    "the clock of this machine is 2 days ahead of the database's, whose time is used. Have this machine follow a time server.",
  ])
  vi.setSystemTime(start.date + 90_000)
  await vi.advanceTimersByTimeAsync(90_000)
  expect(said.slice(1)).toEqual(['the clock of this machine is right again'])
})

test('a database that was set is followed; one that is away leaves the time going on', async () => {
  const { database, follow, start } = setUp()
  await follow()
  database.aheadMs = 5_000
  await vi.advanceTimersByTimeAsync(30_000)
  expect(currentMs()).toBe(start.date + 35_000)
  database.away = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect(currentMs()).toBe(start.date + 95_000)
  expect(database.asked).toBe(4)
})

test('an answer that has waited moves the time only as far as it proves it wrong', async () => {
  const { database, follow, start } = setUp()
  await follow()
  // Four seconds on the way: the time lies within them.
  database.lateMs = 4_000
  await vi.advanceTimersByTimeAsync(34_000)
  expect(currentMs()).toBe(start.date + 34_000)
  database.aheadMs = 60_000
  await vi.advanceTimersByTimeAsync(30_000)
  expect(Math.abs(currentMs() - start.date - 64_000 - 60_000)).toBeLessThanOrEqual(2_000)
})

test('the embedded database has the clock of this process, and is not asked', async () => {
  const { database, follow } = setUp('pglite')
  await follow()
  expect(database.asked).toBe(0)
  expect(currentMs()).toBe(Date.now())
})
