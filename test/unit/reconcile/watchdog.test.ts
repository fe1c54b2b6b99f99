import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startWatchdog } from '../../../src/reconcile/watchdog.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a sign of life keeps the process; without one it is reported once', () => {
  const onLost = vi.fn()
  const watchdog = startWatchdog({ timeoutMs: 10_000, onLost })
  vi.advanceTimersByTime(9_000)
  expect(watchdog.silentSeconds()).toBe(9)
  watchdog.beat()
  vi.advanceTimersByTime(9_000)
  expect(onLost).not.toHaveBeenCalled()
  vi.advanceTimersByTime(60_000)
  expect(onLost).toHaveBeenCalledTimes(1)
})

test('a process that was frozen for an hour has not lost its database', () => {
  const onLost = vi.fn()
  const watchdog = startWatchdog({ timeoutMs: 10_000, onLost })
  vi.advanceTimersByTime(3_000)
  // The clock goes on; the timer fires once when the process does.
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(1_000)
  expect(onLost).not.toHaveBeenCalled()
  watchdog.stop()
  vi.advanceTimersByTime(60_000)
  expect(onLost).not.toHaveBeenCalled()
})
