/** When the next fault is due, so that they are spread evenly over the work. */

/** The longest time without one, in ms: faults go on where the work stands still. */
const longestMs = 180_000

export interface Pace {
  /** True once for each fault that is due. */
  take(): boolean
  /** Counts one that came out of turn. */
  count(): void
}

/**
 * @param options.wanted how many in the whole run; undefined: one is always due.
 * @param options.done the share of the work that is done, from 0 to 1.
 * @param options.now in ms.
 */
export function createPace(options: { wanted: number | undefined; done: () => number; now: () => number }): Pace {
  const { wanted, done, now } = options
  let taken = 0
  let last = now()
  const count = () => {
    taken++
    last = now()
  }
  return {
    count,
    take: () => {
      const due = wanted === undefined || taken < wanted * done() || now() - last > longestMs
      if (due) count()
      return due
    },
  }
}
