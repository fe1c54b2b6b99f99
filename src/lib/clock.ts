/**
 * The time, the same for all processes of one Tutti. What one of them writes into the database by its own clock, another
 * reads by its own: with a clock that is two days ahead, "in ten seconds" would come in two days, and what is an hour old would be
 * swept away. And clocks jump: when they are set, and when a machine was asleep.
 *
 * For how long something lasts, `performance.now()` is enough. The time of a file is the machine's, and is compared with `Date`
 * or moved by `machineAheadMs`.
 */

/** What the clock of the database is ahead of `performance.now()`, in ms; undefined while no database was asked. */
let aheadMs: number | undefined

/** Milliseconds since 1970, as the database has them; by the clock of this machine where no database was asked. */
export function currentMs(): number {
  return aheadMs === undefined ? Date.now() : Math.round(performance.now() + aheadMs)
}

/** The same as a date. */
export function currentTime(): Date {
  return new Date(currentMs())
}

/** What the clock of this machine, and of its files, is ahead of that time, in ms. */
export function machineAheadMs(): number {
  return Date.now() - currentMs()
}

/**
 * From now on the time goes on from here, whatever becomes of the clock of this machine.
 * @param epochMs what the database says, in ms since 1970; undefined: the clock of this machine again.
 */
export function setCurrentTime(epochMs: number | undefined): void {
  aheadMs = epochMs === undefined ? undefined : epochMs - performance.now()
}
