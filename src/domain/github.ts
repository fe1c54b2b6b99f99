/** GitHub's objects as plain data, in GitHub's terms. `github/` reads them; every folder may use them. */

import type { Sha } from '../lib/ids.ts'
import type { MergeMethod } from './merge-refusal.ts'

/**
 * A user as payloads name them. Only the id identifies a user: a login can be renamed, and registered by another user.
 * A `Token` is a program that the operator has let in: its id is 0, and its login, `token:<name>`, is no login of GitHub.
 */
export interface Actor {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization' | 'Mannequin' | 'Token'
}

export type Permission = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none'

export interface Issue {
  number: number
  title: string
  body: string
  url: string
  state: 'open' | 'closed'
  labels: string[]
  /** GitHub's ids of these labels, by their names, where they are known: a renamed label keeps its id. */
  labelIds?: Readonly<Record<string, number>>
  author: Actor
  isPullRequest: boolean
  /**
   * How many issues GitHub's own "blocked by" names, and how many of its sub-issues are open; null or absent: unknown.
   */
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
  /** What GitHub says of its rules: `clean`, `blocked`, `unstable` and so on; null where it does not say. */
  mergeState: string | null
  draft: boolean
  labels: string[]
  /** The ways of merging that the repository allows; null where GitHub does not say. */
  mergeMethods: MergeMethod[] | null
  author: Actor
}

export interface Review {
  id: number
  author: Actor
  state: 'approved' | 'changes_requested' | 'commented' | 'dismissed' | 'pending'
  /** The head sha that was reviewed. */
  sha: string | null
  body: string
  /** By GitHub's clock; null while it is pending. */
  at: Date | null
}

/** A comment on a line of the diff. */
export interface ReviewComment {
  id: number
  /** The first comment of its thread, which may be itself. */
  threadId: number
  reviewId: number | null
  path: string
  line: number | null
  /** The lines of the diff above it. */
  hunk: string
  sha: string | null
  body: string
  author: Actor
}

/** A comment below an issue or a pull request. */
export interface PostedComment {
  id: number
  issueNumber: number
  body: string
  author: Actor
  createdAt: Date
  /** Later than `createdAt` when it was edited. */
  updatedAt: Date
}

/** One check of a commit: a check run, a commit status, or a check suite that ended without a run. */
export interface Check {
  /** Unique among checks: `check_run:5`, `check_suite:6`, `status:7`. */
  id: string
  name: string
  verdict: 'success' | 'failure' | 'pending' | 'neutral'
  /** GitHub's own word for how it ended, such as `cancelled` or `timed_out`; null while it has not. */
  conclusion: string | null
  url: string | null
  /** True for Tutti's own check run: nothing waits for it. */
  own: boolean
  /** By GitHub's clock; null while it has not ended. */
  completedAt: Date | null
  suiteId: number | null
  /** The job of GitHub Actions that it stands for, and the workflow run that this is a part of. */
  job: { id: number; workflowRunId: number } | null
  /** What a failed check says about itself, and how many annotations it has; null where it says nothing. */
  output: { title: string; summary: string; text: string; annotations: number } | null
}

/** The checks of a commit as far as GitHub has listed them. */
export interface CheckReading {
  checks: Check[]
  /** False: the server counts more than it listed, so what is missing may have failed. */
  complete: boolean
}

/** Why a check failed, in its own words and those of its log. */
export interface CheckAnnotation {
  path: string
  line: number
  message: string
}

export interface HookDelivery {
  id: number
  deliveryId: string
  event: string
  deliveredAt: Date
  /** The HTTP status of Tutti's response; 0 when there was none. */
  statusCode: number
  redelivery: boolean
}

/** An issue in any repository. */
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
