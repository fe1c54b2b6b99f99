/** What operators hear of a clock that is wrong. */

/** A clock that is off by more is worth a word, in ms. GitHub takes no signature from a minute ahead. */
export const noteworthyMs = 30_000

/** What to do about it. */
export const followTimeServer = 'Have this machine follow a time server.'

/** @param aheadMs what this machine is ahead of the database, in ms. */
export function clocksDiffer(aheadMs: number): string {
  const way = aheadMs > 0 ? 'ahead of' : 'behind'
  return `the clock of this machine is ${span(Math.abs(aheadMs))} ${way} the database's, whose time is used`
}

/** `40 seconds`, `3 minutes`, `2 days`: the largest unit of which there are two. */
function span(ms: number): string {
  const units = [
    [86_400_000, 'days'],
    [3_600_000, 'hours'],
    [60_000, 'minutes'],
  ] as const
  const found = units.find(([length]) => ms >= 2 * length)
  return found ? `${Math.round(ms / found[0])} ${found[1]}` : `${Math.round(ms / 1_000)} seconds`
}
