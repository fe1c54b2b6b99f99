/**
 * GitHub's limits on writing: 80 content-creating requests a minute and 500 an hour
 * (docs.github.com, "Rate limits for the REST API", secondary limits). Kept as two sliding windows.
 */

const windows = [
  { ms: 60_000, writes: 80 },
  { ms: 3_600_000, writes: 500 },
] as const

/** Knows when the next write is inside both limits. @param now the clock, in ms. */
export class WriteLimiter {
  readonly #now: () => number
  #times: number[] = []

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Milliseconds until one more write is inside both windows; 0 when it is now. */
  wait(): number {
    const now = this.#now()
    this.#times = this.#times.filter((time) => now - time < 3_600_000)
    const waits = windows.map(({ ms, writes }) => {
      const inside = this.#times.filter((time) => now - time < ms)
      const oldest = inside[inside.length - writes]
      return oldest === undefined ? 0 : oldest + ms - now
    })
    return Math.max(0, ...waits)
  }

  /** Counts a write that is being sent. */
  count(): void {
    this.#times.push(this.#now())
  }
}
