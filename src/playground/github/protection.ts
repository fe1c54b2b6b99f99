/** What the rules of a branch and the settings of a repository say of merges. */

/** A protected branch. Approvals and checks are asked of everybody who is not an admin. */
export interface Protection {
  requiredApprovals: number
  requiredChecks: string[]
  dismissStaleReviews: boolean
  /** Every thread of comments on lines must be resolved. */
  conversations: boolean
  /** Made as a ruleset, which the branch itself does not show. */
  ruleset: boolean
  /** The base must be in the head: "Require branches to be up to date before merging". */
  upToDate: boolean
  /** Merges go through the merge queue only. */
  mergeQueue: boolean
  /** Whether apps may go around the ruleset. */
  bypass: Bypass
}

/** What GitHub answers to the one who asks about a ruleset. */
export type Bypass = 'always' | 'pull_requests_only' | 'never' | 'exempt'

export interface MergeMethods {
  merge: boolean
  squash: boolean
  rebase: boolean
}
