/** The verbs that rooms may use on GitHub for reading. Writing goes through effects (store/effects.ts) alone. */

import type { SystemRow } from '../db/work-items.ts'
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

export interface Pull {
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
  state: 'approved' | 'changes_requested' | 'commented' | 'dismissed' | 'pending'
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

export interface Delivery {
  id: number
  deliveryId: string
  event: string
  deliveredAt: Date
  /** The status our server answered with; 0 when it did not answer. */
  statusCode: number
  redelivery: boolean
}

/** Reading one repository in the name of its installation. Every method throws `NotFound` for what is not there. */
export interface Repository {
  /**
   * What the user may do, asked now. Fails closed: a login whose id is not `actor.id` has no permission.
   * @throws when GitHub cannot be asked; the caller must deny.
   */
  permission(actor: Actor): Promise<Permission>
  /** A file on the default branch; undefined when there is none. */
  file(path: string): Promise<string | undefined>
  issue(number: number): Promise<Issue>
  /** Open issues that carry a label. */
  issuesLabelled(label: string): Promise<Issue[]>
  /** Every open issue. */
  openIssues(): Promise<Issue[]>
  /** The sub-issues of an issue in their order, open and closed; undefined where the server does not have them. */
  subIssues(issueNumber: number): Promise<PlacedIssue[] | undefined>
  /** Who labelled, closed and reopened an issue, and who put sub-issues under it, oldest first; undefined where the server does not tell. */
  issueEvents(number: number): Promise<IssueEvent[] | undefined>
  /** Native "blocked by"; undefined where the server does not have it. */
  blockedBy(
    issueNumber: number,
  ): Promise<{ repository: string; number: number; state: 'open' | 'closed' }[] | undefined>
  pull(number: number): Promise<Pull>
  openPulls(): Promise<Pull[]>
  reviews(pullNumber: number): Promise<Review[]>
  reviewComments(pullNumber: number, reviewId: number): Promise<ReviewComment[]>
  /** Check runs and statuses of a commit; an endpoint the server does not have counts as none. */
  checks(sha: Sha): Promise<Check[]>
}

export interface GitHub {
  readonly app: { slug: string; id: number; botLogin: string }
  repository(system: Pick<SystemRow, 'fullName' | 'installationId'>): Repository
  /** Whether this actor is the app itself. */
  isSelf(actor: Pick<Actor, 'login' | 'type'>): boolean
  /** A token for git, minted for this repository alone with contents permission; never stored. */
  token(system: SystemRow, need: 'read' | 'write'): Promise<string>
  /** Repositories that installations give access to. */
  installedRepositories(): Promise<
    Pick<SystemRow, 'repositoryId' | 'fullName' | 'private' | 'installationId' | 'cloneUrl' | 'defaultBranch'>[]
  >
  /** Webhook deliveries newest first, until `since`; undefined where the server does not have the list. */
  deliveries(since: Date): Promise<Delivery[] | undefined>
  redeliver(id: number): Promise<void>
  /** Calls made so far. Minting tokens is not counted. */
  readonly calls: { reads: number; writes: number }
}

/** GitHub says 404: it does not exist, or the app may not see it. */
export class NotFound extends Error {
  override name = 'NotFound'
}
