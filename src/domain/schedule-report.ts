/** What the scheduler reported about a repository after its last pass. `/next`, `/why` and roadmaps show it. */

export interface ScheduleReport {
  /** How many items are worked on side by side: one after another, up to four, more. */
  mode: 'sequential' | 'parallel-async' | 'parallel-threads'
  /** Whether the settings ask for it; otherwise it follows from what can run together. */
  modeIsSet: boolean
  /** What starts next, the first first; what waits for another item or for a person is not in it. */
  next: { issue: number; leverage: number; words: string }[]
  /** How many more could start than `next` holds, and how many wait for something else. */
  more: number
  blocked: number
  /** Pairs of issues of this system that would touch the same files. */
  conflicts: IssueConflict[]
  /** The plan that is followed: so many items, and hours until they are done. */
  plan: { items: number; hours: number } | null
  /** Kinds of agent whose cost is not known, so that a budget keeps nothing for them before they start. */
  unreserved?: string[]
}

export interface IssueConflict {
  a: number
  b: number
  /** Patterns of each side that meet. */
  overlaps: { mine: string; theirs: string }[]
}
