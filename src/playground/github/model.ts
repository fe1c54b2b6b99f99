/**
 * What the playground remembers: GitHub's own nouns as plain records. Git objects and refs are not here, they are in
 * the bare repositories on disk; `Repository.refs` is the last reading of them.
 */
import type { components } from '@octokit/openapi-types'
import type { CommitRecord } from './commits.ts'
import type { MergeMethods, Protection } from './protection.ts'
import type { PushRules } from './push-rules.ts'
import type { ObjectId } from './sha.ts'

/** GitHub's published response bodies. */
export type Schemas = components['schemas']

/** Permission name → level, as in `GET /app`. */
export type Permissions = Record<string, 'read' | 'write' | 'admin'>

/** What a person may do in a repository, GitHub's `role_name`. */
export type Role = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none'

export interface Account {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization'
  createdAt: Date
}

/** A GitHub App. The playground has two: the one under test, and one that stands for everybody's CI. */
export interface App {
  id: number
  slug: string
  name: string
  clientId: string
  owner: Account
  bot: Account
  permissions: Permissions
  events: string[]
  createdAt: Date
}

/** Who does something. `app` is set when an app does it with an installation token. */
export interface ActingAccount {
  account: Account
  app?: App
}

export interface Installation {
  id: number
  account: Account
  repositories: Set<number>
  permissions: Permissions
  events: string[]
  createdAt: Date
  suspendedAt?: Date
  suspendedBy?: Account
}

export interface Label {
  id: number
  name: string
  color: string
  description: string | null
}

export interface Reaction {
  id: number
  user: Account
  content: Schemas['reaction']['content']
  createdAt: Date
}

export interface Comment {
  id: number
  user: Account
  app?: App
  body: string
  createdAt: Date
  updatedAt: Date
  reactions: Reaction[]
}

/** One line of an issue's history. GitHub has many more kinds. */
export interface IssueEventRecord {
  id: number
  event:
    | 'labeled'
    | 'unlabeled'
    | 'closed'
    | 'reopened'
    | 'sub_issue_added'
    | 'sub_issue_removed'
    | 'parent_issue_added'
    | 'parent_issue_removed'
  user: Account
  app?: App
  /** As the label was then; null for the kinds that name none. */
  label: { name: string; color: string } | null
  /** The other end of a link between parent and sub-issue. */
  other?: IssueRecord
  createdAt: Date
}

/** An issue, and the issue half of a pull request, which has the same number. */
export interface IssueRecord {
  id: number
  number: number
  title: string
  body: string | null
  user: Account
  app?: App
  labels: Label[]
  assignees: Account[]
  state: 'open' | 'closed'
  stateReason: 'completed' | 'not_planned' | 'reopened' | 'duplicate' | null
  createdAt: Date
  updatedAt: Date
  closedAt: Date | null
  closedBy: Account | null
  comments: Comment[]
  reactions: Reaction[]
  subIssues: IssueRecord[]
  parent?: IssueRecord
  blockedBy: IssueRecord[]
  /** Oldest first. */
  events: IssueEventRecord[]
  pull?: Pull
}

/** An issue that is a pull request. */
export type PullIssue = IssueRecord & { pull: Pull }

export interface Pull {
  id: number
  headRef: string
  headSha: ObjectId
  baseRef: string
  baseSha: ObjectId
  draft: boolean
  mergedAt: Date | null
  mergedBy: Account | null
  mergeCommitSha: ObjectId | null
  reviews: ReviewRecord[]
  reviewComments: ReviewCommentRecord[]
  /** The first comments of threads that are resolved. */
  resolvedThreads: Set<number>
  requestedReviewers: Account[]
  size: { commits: number; additions: number; deletions: number; changedFiles: number }
  /** The last test merge; it holds for these two commits only. */
  mergeability?: { head: ObjectId; base: ObjectId; clean: boolean; behind: boolean }
  /** How often a reader got `mergeable: null` for the present head. */
  unknownAnswers: number
}

export interface ReviewRecord {
  id: number
  user: Account
  app?: App
  body: string
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  commitId: ObjectId
  submittedAt: Date
}

export interface ReviewCommentRecord {
  id: number
  reviewId: number | null
  user: Account
  app?: App
  body: string
  path: string
  line: number | null
  side: 'LEFT' | 'RIGHT'
  commitId: ObjectId
  inReplyTo?: number
  createdAt: Date
  updatedAt: Date
  reactions: Reaction[]
}

export type CheckStatus = Schemas['check-run']['status']
export type CheckConclusion = NonNullable<Schemas['check-run']['conclusion']>

export interface CheckRun {
  id: number
  suite: CheckSuite
  name: string
  headSha: ObjectId
  externalId: string | null
  detailsUrl: string | null
  status: CheckStatus
  conclusion: CheckConclusion | null
  startedAt: Date | null
  completedAt: Date | null
  output: { title: string | null; summary: string | null; text: string | null }
  annotations: Schemas['check-annotation'][]
  /** What the job of GitHub Actions has printed; GitHub deletes it after some time. */
  log?: string
}

export interface CheckSuite {
  id: number
  app: App
  headSha: ObjectId
  headBranch: string | null
  headCommit: CommitRecord
  runs: CheckRun[]
  /** The workflow run of GitHub Actions that it stands for; undefined for other apps. */
  workflowRunId?: number
  createdAt: Date
  updatedAt: Date
}

export interface CommitStatus {
  id: number
  sha: ObjectId
  state: 'error' | 'failure' | 'pending' | 'success'
  context: string
  description: string | null
  targetUrl: string | null
  creator: Account
  createdAt: Date
  updatedAt: Date
}

/** A pull request that waits for its turn in the merge queue of its base branch. */
export interface QueueEntry {
  issue: PullIssue
  /** Its head when it was put there. */
  headSha: ObjectId
  /** The person who wants it out of the queue. */
  takenOutBy?: ActingAccount
  /** The commit that its checks are wanted for: on top of `base`, on a branch of the queue. */
  group?: { ref: string; sha: ObjectId; base: ObjectId }
}

export interface RepositoryRecord {
  id: number
  owner: Account
  name: string
  /** The bare repository on disk; it stays where it is when the repository is renamed. */
  path: string
  description: string | null
  private: boolean
  defaultBranch: string
  createdAt: Date
  pushedAt: Date
  collaborators: Map<number, Role>
  labels: Label[]
  issues: Map<number, IssueRecord>
  lastNumber: number
  /** Full ref name → object id, as last read from disk. Pull refs are left out. */
  refs: Map<string, ObjectId>
  suites: CheckSuite[]
  statuses: CommitStatus[]
  protections: Map<string, Protection>
  /** In its order, of all base branches. */
  mergeQueue: QueueEntry[]
  pushRules: PushRules
  /** Commits that GitHub has made and signed for an app. */
  signed: Set<ObjectId>
  mergeMethods: MergeMethods
  deleteBranchOnMerge: boolean
  /** Runs one change of refs at a time, so that each has the right sender. */
  lock: Lock
}

/** Runs `work` after everything handed in before it. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>

/** Something GitHub refuses to do: the REST answer, and what a person's act is rejected with. */
export class ApiRefusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly errors: RefusalDetail[] | undefined

  constructor(status: number, message: string, errors?: RefusalDetail[]) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

export type RefusalDetail = { resource: string; code: string; field?: string; message?: string } | string

/** `422 Validation Failed` for one field, in GitHub's shape. */
export function invalid(resource: string, field: string, code: string, message?: string): ApiRefusal {
  return new ApiRefusal(422, 'Validation Failed', [{ resource, field, code, ...(message ? { message } : {}) }])
}

/** The pull request that `issue` is, or a 404. */
export function asPull(issue: IssueRecord): PullIssue {
  if (!isPull(issue)) throw new ApiRefusal(404, 'Not Found')
  return issue
}

export function isPull(issue: IssueRecord): issue is PullIssue {
  return issue.pull !== undefined
}
