/** What the scheduler reported about a repository after its last pass. `/next`, `/why` and roadmaps show it. */

export interface ScheduleReport {
  /** How many items are worked on side by side: one after another, up to four, more. */
  mode: 'sequential' | 'parallel-async' | 'parallel-threads'
  /** Whether the settings set the mode; otherwise it follows from the items that can run together. */
  modeIsSet: boolean
  /** The items that start next, in order. Items that wait for another item or for a person are not in it. */
  next: { issue: number; leverage: number; words: string }[]
  /** How many more items could start than `next` contains, and how many wait for something else. */
  more: number
  blocked: number
  /** Pairs of issues of this repository that would touch the same files. */
  conflicts: IssueConflict[]
  /** The plan that is followed: the number of its items, and the hours until they are done. */
  plan: { items: number; hours: number } | null
  /** Kinds of agent whose cost is not known, so that no budget is reserved for them before they start. */
  unreserved?: string[]
}

export interface IssueConflict {
  a: number
  b: number
  /** Pairs of patterns, one of each issue, that overlap. */
  overlaps: { mine: string; theirs: string }[]
}
