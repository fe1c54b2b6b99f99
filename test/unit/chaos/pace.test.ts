/** Faults that are spread over the work. */

import { expect, test } from 'vitest'
import { createPace } from '../../../scripts/chaos/pace.ts'

/** A pace, with a clock and a share of work that the test moves. */
function paceOf(wanted: number | undefined) {
  const at = { ms: 0, done: 0 }
  return { at, pace: createPace({ wanted, done: () => at.done, now: () => at.ms }) }
}

test('as many faults are due as work is done', () => {
  const { at, pace } = paceOf(10)
  expect(pace.take()).toBe(false)
  at.done = 0.25
  expect([pace.take(), pace.take(), pace.take(), pace.take()]).toEqual([true, true, true, false])
  at.done = 0.3
  expect(pace.take()).toBe(false)
  at.done = 1
  expect(Array.from({ length: 8 }, () => pace.take()).filter(Boolean)).toHaveLength(7)
})

test('one that came out of turn is not due later', () => {
  const { at, pace } = paceOf(10)
  pace.count()
  at.done = 0.05
  expect(pace.take()).toBe(false)
  at.done = 0.15
  expect(pace.take()).toBe(true)
})

test('where the work stands still, faults go on', () => {
  const { at, pace } = paceOf(10)
  at.ms = 180_000
  expect(pace.take()).toBe(false)
  at.ms = 180_001
  expect([pace.take(), pace.take()]).toEqual([true, false])
})

test('without a wanted number one is always due', () => {
  const { pace } = paceOf(undefined)
  expect([pace.take(), pace.take()]).toEqual([true, true])
})
