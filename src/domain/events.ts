/** What a webhook can tell, in the words of this room. A fact says what happened, not what is to be done about it. */

import type { Actor, Issue, PullRequest, Review } from './github.ts'

/** A repository as payloads describe it. */
export interface RepositoryIdentity {
  /** GitHub's number of it. */
  githubId: number
  /** `owner/name`. */
  fullName: string
  private: boolean
  /** 0 where the payload names none. */
  installationId: number
  cloneUrl: string
  defaultBranch: string
}

/** An issue as a payload describes it: with the state and the labels it had when the payload was made. */
export interface IssueSnapshot extends Issue {
  /** How many issues GitHub's own "blocked by" names; null where the payload does not say. */
  nativeBlockers: number | null
}

export type PullRequestSnapshot = Omit<PullRequest, 'mergeable' | 'mergeState'>

interface InRepository {
  repository: RepositoryIdentity
  /** Who did it, as the payload says. */
  sender: Actor
  /** When, by GitHub's clock; null where the payload does not say. */
  at: Date | null
}

/** Labelled, unlabelled, closed, reopened: the issue is now as the payload shows it. */
export interface IssueChanged extends InRepository {
  kind: 'issue-changed'
  how: 'labelled' | 'unlabelled' | 'closed' | 'reopened'
  issue: IssueSnapshot
  /** The label that was put on or taken off. */
  label: string | null
}

export interface IssueEdited extends InRepository {
  kind: 'issue-edited'
  issue: IssueSnapshot
  /** What the sender changed; the rest may be somebody else's edit from before. */
  changed: { title: boolean; body: boolean }
}

export interface IssueRemoved extends InRepository {
  kind: 'issue-removed'
  how: 'deleted' | 'transferred'
  issue: IssueSnapshot
}

/** A new comment on an issue or a pull request. Edited and deleted ones command nothing. */
export interface CommentCreated extends InRepository {
  kind: 'comment-created'
  issue: IssueSnapshot
  commentId: number
  body: string
}

/** Somebody else edited a comment of ours that shows a plan. */
export interface PlanEdited extends InRepository {
  kind: 'plan-edited'
  issue: IssueSnapshot
  commentId: number
  planId: number
  body: string
}

export interface ReviewSubmitted extends InRepository {
  kind: 'review-submitted'
  pull: PullRequestSnapshot
  review: Review
}

export interface PullRequestChanged extends InRepository {
  kind: 'pull-request-changed'
  how: 'closed' | 'reopened' | 'synchronize' | 'retargeted'
  pull: PullRequestSnapshot
}

export interface BranchPushed extends InRepository {
  kind: 'branch-pushed'
  branch: string
  /** The new head, or null when the branch was deleted. */
  head: string | null
  /** Whether the settings file was changed by it. */
  settings: boolean
}

/** A check run, a check suite or a commit status has ended. */
export interface CheckCompleted extends InRepository {
  kind: 'check-completed'
  /** Unique among checks: `check_run:5`, `status:7`. */
  id: string
  sha: string
  name: string
  verdict: 'success' | 'failure' | 'neutral'
}

/** GitHub's own "blocked by" was put on an issue or taken off. */
export interface DependencyChanged extends InRepository {
  kind: 'dependency-changed'
  issueNumber: number
  change: 'added' | 'removed'
  blocker: { repository: string; issueNumber: number; state: 'open' | 'closed' }
}

/** GitHub's own sub-issue was put under an issue or taken away. */
export interface SubIssueChanged extends InRepository {
  kind: 'sub-issue-changed'
  parent: IssueSnapshot
  change: 'added' | 'removed'
  part: { repository: string; issue: IssueSnapshot }
}

/** Renamed, made private, another default branch, back from the archive. */
export interface RepositoryChanged extends InRepository {
  kind: 'repository-changed'
  /** `owner/name` before, where it was renamed. */
  before: string | null
}

/** The app may no longer, or need no longer, work on some repositories. */
export interface RepositoriesRemoved {
  kind: 'repositories-removed'
  /** All repositories of the installation, or those listed. */
  which: { installationId: number } | { githubIds: number[] }
  /** One sentence for people. */
  why: string
}

/** The app may work on more repositories; which ones is asked. */
export interface RepositoriesAdded {
  kind: 'repositories-added'
}

export type DomainEvent =
  | IssueChanged
  | IssueEdited
  | IssueRemoved
  | CommentCreated
  | PlanEdited
  | ReviewSubmitted
  | PullRequestChanged
  | BranchPushed
  | CheckCompleted
  | DependencyChanged
  | SubIssueChanged
  | RepositoryChanged
  | RepositoriesRemoved
  | RepositoriesAdded
