import { expect, test } from 'vitest'
import { WriteLimiter } from '../../../src/github/write-limiter.ts'

test('never more than 80 writes in any minute nor 500 in any hour, however eager', () => {
  let now = 0
  const limiter = new WriteLimiter(() => now)
  const writes: number[] = []
  while (writes.length < 1_200) {
    const wait = limiter.wait()
    expect(wait).toBeGreaterThanOrEqual(0)
    now += wait > 0 ? wait : 10
    if (limiter.wait() > 0) continue
    limiter.count()
    writes.push(now)
  }
  const most = (ms: number) =>
    Math.max(...writes.map((at) => writes.filter((other) => other >= at && other < at + ms).length))
  expect(most(60_000)).toBe(80)
  expect(most(3_600_000)).toBe(500)
})
