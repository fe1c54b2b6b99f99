/** The events that webhooks report. An event says what happened, and not how Tutti reacts. */

import type { Actor, Issue, PullRequest, Review, ReviewComment } from './github.ts'
import type { RevertedBy } from './reverts.ts'

/** A repository as payloads describe it. */
export interface RepositoryIdentity {
  /** GitHub's numeric id. */
  githubId: number
  /** `owner/name`. */
  fullName: string
  private: boolean
  /** 0 where the payload names none. */
  installationId: number
  cloneUrl: string
  defaultBranch: string
}

/** An issue as a payload describes it: with its state and labels at the time of the payload. */
export interface IssueSnapshot extends Issue {
  /** How many issues GitHub's own "blocked by" names; null where the payload does not contain it. */
  nativeBlockers: number | null
}

export type PullRequestSnapshot = Omit<PullRequest, 'mergeable' | 'mergeState' | 'mergeMethods' | 'labels'>

interface InRepository {
  repository: RepositoryIdentity
  /** The user who caused the event, according to the payload. */
  sender: Actor
  /** The time of the event, by GitHub's clock; null where the payload does not contain it. */
  at: Date | null
}

/** An issue was labelled, unlabelled, closed or reopened. `issue` is its state after that. */
export interface IssueChanged extends InRepository {
  kind: 'issue-changed'
  how: 'labelled' | 'unlabelled' | 'closed' | 'reopened'
  issue: IssueSnapshot
  /** The label that was added or removed. */
  label: string | null
}

export interface IssueEdited extends InRepository {
  kind: 'issue-edited'
  issue: IssueSnapshot
  /** What the sender changed. Other differences may be earlier edits by other people. */
  changed: { title: boolean; body: boolean }
}

export interface IssueRemoved extends InRepository {
  kind: 'issue-removed'
  how: 'deleted' | 'transferred'
  issue: IssueSnapshot
}

/** A new comment on an issue or a pull request. Edited and deleted comments cause no event. */
export interface CommentCreated extends InRepository {
  kind: 'comment-created'
  issue: IssueSnapshot
  /** Unique for each `place`. */
  commentId: number
  /** A plain comment, the text of a review, or a comment on a line of the diff. */
  place: 'comment' | 'review' | 'line'
  /** Where in the diff; of a comment on a line. */
  on?: Omit<ReviewComment, 'id' | 'body' | 'author'>
  body: string
}

/** A person edited Tutti's comment that shows a plan. */
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
  /** `ready`: it is no draft any more, or no label keeps it from being merged. `kept`: a label does now. */
  how: 'closed' | 'reopened' | 'synchronize' | 'retargeted' | 'ready' | 'kept'
  pull: PullRequestSnapshot
}

export interface BranchPushed extends InRepository {
  kind: 'branch-pushed'
  branch: string
  /** The new head, or null when the branch was deleted. */
  head: string | null
  /** Whether the push changed the settings file. */
  settings: boolean
  /** Its commits that take others back. */
  reverts: RevertedBy[]
}

/** A check run, a check suite or a commit status has ended. */
export interface CheckCompleted extends InRepository {
  kind: 'check-completed'
  /** Unique among checks: `check_run:5`, `check_suite:6`, `status:7`. */
  id: string
  sha: string
  name: string
  verdict: 'success' | 'failure' | 'neutral'
  url: string | null
  /** The check suite that a check run is a part of. */
  suiteId: number | null
  /** True for a suite: all of its runs have ended, and have reported that themselves. */
  isSuite: boolean
}

/** GitHub's own merge queue has let go of a pull request. `reason` in GitHub's words, such as `failed_checks`. */
export interface MergeDequeued extends InRepository {
  kind: 'merge-dequeued'
  pullNumber: number
  reason: string
}

/** GitHub's own merge queue asks for the checks of a commit that it has made. */
export interface MergeGroupRequested extends InRepository {
  kind: 'merge-group-requested'
  /** The branch that GitHub has made for it. */
  branch: string
  head: string
  base: string
}

/** GitHub's own "blocked by" was added or removed. */
export interface DependencyChanged extends InRepository {
  kind: 'dependency-changed'
  issueNumber: number
  change: 'added' | 'removed'
  blocker: { repository: string; issueNumber: number; state: 'open' | 'closed' }
}

/** GitHub's own sub-issue link was added or removed. */
export interface SubIssueChanged extends InRepository {
  kind: 'sub-issue-changed'
  parent: IssueSnapshot
  change: 'added' | 'removed'
  part: { repository: string; issue: IssueSnapshot }
}

/** A repository was renamed, made private, unarchived, or got another default branch. */
export interface RepositoryChanged extends InRepository {
  kind: 'repository-changed'
  /** `owner/name` before, where it was renamed. */
  before: string | null
}

/** A label of the repository has another name; every issue keeps it. */
export interface LabelRenamed extends InRepository {
  kind: 'label-renamed'
  /** GitHub's id of the label. */
  id: number
  from: string
  to: string
}

/** Some repositories were removed from the installation or archived: Tutti no longer works on them. */
export interface RepositoriesRemoved {
  kind: 'repositories-removed'
  /** All repositories of the installation, or those listed. */
  which: { installationId: number } | { githubIds: number[] }
  /** One sentence for people. */
  why: string
}

/** The app may work on more repositories. Their list is read from GitHub. */
export interface RepositoriesAdded {
  kind: 'repositories-added'
}

export type DomainEvent =
  | MergeDequeued
  | MergeGroupRequested
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
  | LabelRenamed
  | RepositoriesRemoved
  | RepositoriesAdded
