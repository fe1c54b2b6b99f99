/** What use cases may ask of GitHub. Writing goes through the outbox (db/outbox.ts) alone. */

import type { RepositoryIdentity } from '../domain/events.ts'
import type {
  Actor,
  CheckAnnotation,
  CheckReading,
  HookDelivery,
  Issue,
  IssueEvent,
  Permission,
  PlacedIssue,
  PostedComment,
  PullRequest,
  Review,
  ReviewComment,
} from '../domain/github.ts'
import type { MergeMethod } from '../domain/merge-refusal.ts'
import type { Sha } from '../lib/ids.ts'

/** Which repository, and through which installation of the app. */
export interface RepositoryRef {
  /** `owner/name`. */
  fullName: string
  installationId: number
}

/** Reading one repository in the name of its installation. Every method throws `NotFound` for what is not there. */
export interface RepositoryReader {
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
  /** Who labelled, closed and reopened an issue, and who put sub-issues under it, oldest first; undefined where the server does not have it. */
  issueEvents(number: number): Promise<IssueEvent[] | undefined>
  /** Comments below all issues and pull requests that were written or edited since then, oldest change first. */
  commentsSince(since: Date): Promise<PostedComment[]>
  /** Native "blocked by"; undefined where the server does not have it. */
  blockedBy(
    issueNumber: number,
  ): Promise<{ repository: string; number: number; state: 'open' | 'closed' }[] | undefined>
  pull(number: number): Promise<PullRequest>
  openPulls(): Promise<PullRequest[]>
  /** The ways of merging that the repository and the rules of a branch allow; null where GitHub does not say. */
  mergeMethods(branch: string): Promise<MergeMethod[] | null>
  reviews(pullNumber: number): Promise<Review[]>
  reviewComments(pullNumber: number, reviewId: number): Promise<ReviewComment[]>
  /**
   * Check runs, significant check suites and statuses of a commit, every page; an endpoint the server does not have
   * counts as none.
   * @param ref a commit, or a branch as `heads/main`.
   */
  checks(ref: Sha | `heads/${string}`): Promise<CheckReading>
  /** Beginning and end of the log of a job, `limit` bytes together; undefined when GitHub has it no longer. */
  jobLog(jobId: number, limit: number): Promise<string | undefined>
  /** The first 100 annotations of a check run. */
  checkAnnotations(checkRunId: number): Promise<CheckAnnotation[]>
  /** Names of the checks that protection and rulesets of a branch require. */
  requiredChecks(branch: string): Promise<string[]>
  /** Names of the rulesets of a branch that the app itself may bypass. */
  bypassableRulesets(branch: string): Promise<string[]>
}

/** GitHub, as the app sees it. */
export interface GitHub {
  readonly app: { slug: string; id: number; botLogin: string }
  repository(repo: RepositoryRef): RepositoryReader
  /**
   * Who commits of the app are by: its bot user, with the address that GitHub ties to it. Asked once.
   * @param through any repository that the app can see.
   */
  author(through: Pick<RepositoryRef, 'installationId'>): Promise<{ name: string; email: string }>
  /** Whether this actor is the app itself. */
  isSelf(actor: Pick<Actor, 'login' | 'type'>): boolean
  /**
   * A token for git, for this repository alone and its contents; kept in memory, never stored.
   * @param refused see `GitTokens.get`.
   */
  token(
    repo: Pick<RepositoryRef, 'installationId'> & { githubId: number },
    need: 'read' | 'write',
    refused?: string,
  ): Promise<string>
  /**
   * Repositories that installations give access to. An installation whose list cannot be read does not hide the others.
   * @throws when the list of installations itself cannot be read.
   */
  installedRepositories(): Promise<InstalledRepositories>
  /**
   * Reads the webhook deliveries newest first, until `since`: there may be many thousands.
   * @param onPage gets up to a hundred at a time; the next page is read when it has ended.
   * @returns false where the server does not have the list.
   */
  deliveries(since: Date, onPage: (page: readonly HookDelivery[]) => Promise<void>): Promise<boolean>
  /** Asks for a delivery again. @throws {NotFound} when GitHub has it no longer. */
  redeliver(id: number): Promise<void>
  /** Calls made so far. Minting tokens is not counted. */
  readonly calls: { reads: number; writes: number }
}

/** What could be read of the app's installations. */
export interface InstalledRepositories {
  repositories: RepositoryIdentity[]
  /** Installations of which nothing is known, and why. */
  unread: { installationId: number; error: unknown }[]
}

/** GitHub says 404: it does not exist, or the app may not see it. */
export class NotFound extends Error {
  override name = 'NotFound'
}
