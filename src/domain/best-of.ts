/** Best of several: kinds of agent that each build the same item, one after another, and the choice among what they made. */

/** What one kind has made. */
export interface Candidate {
  kind: string
  runId: number
  /** Who made it, as people read it. */
  name: string
  /** Its commit; null where there is none. */
  head: string | null
  /** Whether every gate let it pass. */
  passed: boolean
  /** Gates that want a person's approval. */
  asks: number
  files: number
  /** Lines added and removed, together. */
  lines: number
  /** The paths that it changes. */
  paths: string[]
  /** How it ended, where it did not pass: one sentence. */
  why: string
}

/** What is stored with an item that several kinds build. */
export interface BestOf {
  kinds: string[]
  candidates: Candidate[]
  /** The kind whose commit the pull request shows. */
  chosen?: string
  /** The head that the pull request showed before a person chose another one: that one is to be replaced. */
  replaces?: string
  /** No kind's commit has passed: the item goes on as any other. */
  over?: boolean
}

/** Whether kinds are still building, each for itself. */
export function isComparing(bestOf: BestOf | null | undefined): bestOf is BestOf {
  return bestOf !== null && bestOf !== undefined && bestOf.chosen === undefined && !bestOf.over
}

/** The kind that builds now, or next; undefined when all have, or where there is nothing to compare. */
export function nextCandidateKind(bestOf: BestOf | null | undefined): string | undefined {
  if (!isComparing(bestOf)) return undefined
  return bestOf.kinds.find((kind) => bestOf.candidates.every((one) => one.kind !== kind))
}

/**
 * Whether the next attempt begins at the base, whatever is in the tree: that may be the work of another kind, as an attempt can
 * be lost before it has taken the tree over. After questions of its own it goes on where it was.
 * @param lastOutcome of the last attempt.
 */
export function beginsAtBase(bestOf: BestOf | null | undefined, lastOutcome: string | null | undefined): boolean {
  return isComparing(bestOf) && bestOf.candidates.length > 0 && lastOutcome !== 'asked'
}

/**
 * The candidate that people get to review: of those that passed the gates the one that fewest gates want an approval for, then
 * the one with fewer changed lines, then the cheaper one where the cost of both is known, then the first. Pure.
 * @param costs millionths of one currency, by run; a run whose cost is not known is not in it.
 * @returns undefined when none has passed.
 */
export function chooseCandidate(
  candidates: readonly Candidate[],
  costs: ReadonlyMap<number, number>,
): Candidate | undefined {
  const cheaper = (one: Candidate, other: Candidate) => {
    const [mine, theirs] = [costs.get(one.runId), costs.get(other.runId)]
    return mine === undefined || theirs === undefined ? 0 : mine - theirs
  }
  return candidates
    .filter(({ passed, head }) => passed && head !== null)
    .toSorted((one, other) => one.asks - other.asks || one.lines - other.lines || cheaper(one, other))[0]
}
