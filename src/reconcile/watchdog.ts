/** Notices that the database has been out of reach for too long: a process that can do nothing should be started again. */

/** Counts how long no sign of life was written. */
export interface Watchdog {
  /** A sign of life got through. */
  beat(): void
  /** For how long none did, in seconds. */
  silentSeconds(): number
  stop(): void
}

/**
 * Starts counting. Time is counted in ticks, and a tick that comes late counts once: a process that was stopped or
 * suspended has not tried to reach its database meanwhile.
 * @param options.onLost called once, when nothing got through for `timeoutMs`.
 */
export function startWatchdog(options: { timeoutMs: number; tickMs?: number; onLost: () => void }): Watchdog {
  const { timeoutMs, tickMs = 1_000, onLost } = options
  let silentMs = 0
  const timer = setInterval(() => {
    silentMs += tickMs
    if (silentMs < timeoutMs) return
    clearInterval(timer)
    onLost()
  }, tickMs)
  return {
    beat: () => {
      silentMs = 0
    },
    silentSeconds: () => Math.round(silentMs / 1_000),
    stop: () => clearInterval(timer),
  }
}
