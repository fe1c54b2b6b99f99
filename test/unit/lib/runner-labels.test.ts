import { expect, test } from 'vitest'
import { canTake, wantsOf } from '../../../src/lib/runner-labels.ts'

test.each([
  [[], [], true],
  [[], ['gpu'], false],
  [['gpu', 'linux'], ['gpu'], true],
  [['gpu', 'linux'], ['gpu', 'linux'], true],
  [['gpu', 'linux'], ['gpu', 'arm'], false],
  // It is kept for those who ask.
  [['gpu', 'linux'], [], false],
])('a runner with %o and an item that wants %o: %o', (has, wants, expected) => {
  expect(canTake(has, wants)).toBe(expected)
})

test('an item wants what its repository wants, and what its own labels say', () => {
  expect(wantsOf(['linux'], ['bug', 'Runner: GPU', 'runner:linux', 'runner:', 'runner:a b'])).toEqual(['gpu', 'linux'])
  expect(wantsOf([], ['module:gpu'])).toEqual([])
})
