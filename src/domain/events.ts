/** What a webhook can tell, in the words of this room. A fact says what happened, not what is to be done about it. */

import type { Actor, Issue, Pull, Review } from './github.ts'

/** A repository as payloads describe it. */
export interface RepositoryFacts {
  /** GitHub's number of it. */
  repositoryId: number
  /** `owner/name`. */
  fullName: string
  private: boolean
  /** 0 where the payload names none. */
  installationId: number
  cloneUrl: string
  defaultBranch: string
}

/** An issue as a payload describes it: with the state and the labels it had when the payload was made. */
export interface IssueFacts extends Issue {
  /** How many issues GitHub's own "blocked by" names; null where the payload does not say. */
  nativeBlockers: number | null
}

export type PullFacts = Omit<Pull, 'mergeable'>

interface InRepository {
  repository: RepositoryFacts
  /** Who did it, as the payload says. */
  sender: Actor
  /** When, by GitHub's clock; null where the payload does not say. */
  at: Date | null
}

/** Labelled, unlabelled, closed, reopened: the issue is now as the payload shows it. */
export interface IssueMoved extends InRepository {
  kind: 'issue moved'
  how: 'labelled' | 'unlabelled' | 'closed' | 'reopened'
  issue: IssueFacts
  /** The label that was put on or taken off. */
  label: string | null
}

export interface IssueEdited extends InRepository {
  kind: 'issue edited'
  issue: IssueFacts
  /** What the sender changed; the rest may be somebody else's edit from before. */
  changed: { title: boolean; body: boolean }
}

export interface IssueGone extends InRepository {
  kind: 'issue gone'
  how: 'deleted' | 'transferred'
  issue: IssueFacts
}

/** A new comment on an issue or a pull request. Edited and deleted ones command nothing. */
export interface Commented extends InRepository {
  kind: 'commented'
  issue: IssueFacts
  commentId: number
  body: string
}

/** Somebody else edited a comment of ours that shows a plan. */
export interface PlanEdited extends InRepository {
  kind: 'plan edited'
  issue: IssueFacts
  commentId: number
  planId: number
  body: string
}

export interface Reviewed extends InRepository {
  kind: 'reviewed'
  pull: PullFacts
  review: Review
}

export interface PullMoved extends InRepository {
  kind: 'pull moved'
  how: 'closed' | 'reopened' | 'synchronize' | 'retargeted'
  pull: PullFacts
}

export interface Pushed extends InRepository {
  kind: 'pushed'
  branch: string
  /** The new head, or null when the branch was deleted. */
  head: string | null
  /** Whether the settings file was changed by it. */
  settings: boolean
}

/** A check run, a check suite or a commit status has ended. */
export interface Checked extends InRepository {
  kind: 'checked'
  /** Unique among checks: `check_run:5`, `status:7`. */
  id: string
  sha: string
  name: string
  verdict: 'success' | 'failure' | 'neutral'
}

/** GitHub's own "blocked by" was put on an issue or taken off. */
export interface DependencyChanged extends InRepository {
  kind: 'dependency changed'
  issueNumber: number
  change: 'added' | 'removed'
  blocker: { repository: string; issueNumber: number; state: 'open' | 'closed' }
}

/** GitHub's own sub-issue was put under an issue or taken away. */
export interface PartChanged extends InRepository {
  kind: 'part changed'
  parent: IssueFacts
  change: 'added' | 'removed'
  part: { repository: string; issue: IssueFacts }
}

/** Renamed, made private, another default branch, back from the archive. */
export interface RepositoryChanged extends InRepository {
  kind: 'repository changed'
  /** `owner/name` before, where it was renamed. */
  before: string | null
}

/** The app may no longer, or need no longer, work on some repositories. */
export interface RepositoriesGone {
  kind: 'repositories gone'
  /** All repositories of the installation, or those listed. */
  which: { installationId: number } | { repositoryIds: number[] }
  /** One sentence for people. */
  why: string
}

/** The app may work on more repositories; which ones is asked. */
export interface RepositoriesAdded {
  kind: 'repositories added'
}

export type Fact =
  | IssueMoved
  | IssueEdited
  | IssueGone
  | Commented
  | PlanEdited
  | Reviewed
  | PullMoved
  | Pushed
  | Checked
  | DependencyChanged
  | PartChanged
  | RepositoryChanged
  | RepositoriesGone
  | RepositoriesAdded
