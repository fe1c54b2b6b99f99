/** How long Octokit's tokens are kept. */

import { expect, test } from 'vitest'
import { TokenCache } from '../../../src/github/token-cache.ts'

test('a token is kept for a minute less than an hour', () => {
  let now = 0
  const cache = new TokenCache(() => now)
  cache.set('7', 'ghs_1')
  now = 59 * 60_000 - 1
  expect(cache.get('7')).toBe('ghs_1')
  now++
  expect(cache.get('7')).toBeUndefined()
})

test('what is forgotten is of one installation', () => {
  const cache = new TokenCache()
  for (const key of ['7', '7|5', '77', '5|7']) cache.set(key, key)
  cache.forget(7)
  expect(['7', '7|5', '77', '5|7'].map((key) => cache.get(key))).toEqual([undefined, undefined, '77', '5|7'])
})
