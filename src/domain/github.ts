/** What GitHub tells, in GitHub's words: plain data, read by `github/`, decided upon everywhere. */

import type { Sha } from '../lib/ids.ts'

/** A user as payloads name them. The id is what counts; logins can be renamed and registered again. */
export interface Actor {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization' | 'Mannequin'
}

export type Permission = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none'

export interface Issue {
  number: number
  title: string
  body: string
  url: string
  state: 'open' | 'closed'
  labels: string[]
  author: Actor
  isPullRequest: boolean
  /** How many issues GitHub's own "blocked by" names, and how many of its sub-issues are open; null or absent: not told. */
  nativeBlockers?: number | null
  openParts?: number | null
}

/** An issue and the `owner/name`, in lower case, of the repository that it is in. */
export interface PlacedIssue extends Issue {
  repository: string
}

/** One line of an issue's history. */
export interface IssueEvent {
  event: 'labeled' | 'unlabeled' | 'closed' | 'reopened' | 'sub_issue_added' | 'sub_issue_removed'
  /** The label, for the first two. */
  label: string | null
  /** The sub-issue, for the last two; `repository` as `owner/name` in lower case. */
  part?: { repository: string; number: number }
  actor: Actor
  at: Date
}

export interface PullRequest {
  number: number
  url: string
  title: string
  body: string
  state: 'open' | 'closed'
  merged: boolean
  mergeCommitSha: string | null
  headSha: Sha
  headBranch: string
  /** `owner/name` of where the head lives, null when that fork is gone. */
  headRepository: string | null
  baseBranch: string
  mergeable: boolean | null
  author: Actor
}

export interface Review {
  id: number
  author: Actor
  state: 'approved' | 'changes_requested' | 'comment-created' | 'dismissed' | 'pending'
  /** The head sha the reviewer saw. */
  sha: string | null
  body: string
  /** By GitHub's clock; null while it is pending. */
  at: Date | null
}

export interface ReviewComment {
  path: string
  line: number | null
  body: string
  author: Actor
}

/** One word of CI about a commit, from check runs and commit statuses alike. */
export interface Check {
  name: string
  verdict: 'success' | 'failure' | 'pending' | 'neutral'
  url: string | null
  /** Our own Check Run is marked so that it is never waited for. */
  own: boolean
}

export interface HookDelivery {
  id: number
  deliveryId: string
  event: string
  deliveredAt: Date
  /** The status our server answered with; 0 when it did not answer. */
  statusCode: number
  redelivery: boolean
}

/** An issue anywhere. */
export interface IssueAddress {
  /** `owner/name` in lower case. */
  repository: string
  number: number
}

/** A file of a commit that differs from its parent; content null: it is gone. */
export interface CommitFile {
  path: string
  mode: '100644' | '100755' | '120000'
  content: Buffer | null
}
