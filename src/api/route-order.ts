/** Routes in the order in which they are tried. */

/** Fixed words before arguments: `/agents/auto` is found before `/agents/:agentId`. */
export function inOrder<T>(all: readonly T[], pathOf: (one: T) => string): T[] {
  const rank = (one: T) => pathOf(one).replaceAll(/:\w+/g, '\u{10ffff}')
  return all.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
}
