/** Agents that wait for each other's answers. */

/** An agent waits for the answer of another one. */
export interface AnswerWait {
  /** The message that asks; a later one has a larger id. */
  messageId: number
  /** Who waits, and for whom, by the ids of their members. */
  askerId: number
  askedId: number
}

/**
 * The cycle that a wait is a part of, from it on: the one asked in each waits in the next one, and the one asked in the last
 * waits in the first. Pure.
 * @returns undefined where there is none: then an answer can still come.
 */
export function cycleOfWaits<Wait extends AnswerWait>(waits: readonly Wait[], messageId: number): Wait[] | undefined {
  const start = waits.find((wait) => wait.messageId === messageId)
  if (!start) return undefined
  const seen = new Set<number>()
  const follow = (wait: Wait): Wait[] | undefined => {
    if (wait.askedId === start.askerId) return [wait]
    if (seen.has(wait.askedId)) return undefined
    seen.add(wait.askedId)
    for (const next of waits.filter(({ askerId }) => askerId === wait.askedId)) {
      const rest = follow(next)
      if (rest) return [wait, ...rest]
    }
    return undefined
  }
  return follow(start)
}

/** Whether this wait is the one to be ended: the oldest of its cycle. All the others can be answered then. */
export function isBrokenBy(cycle: readonly AnswerWait[], messageId: number): boolean {
  return messageId === Math.min(...cycle.map((wait) => wait.messageId))
}
