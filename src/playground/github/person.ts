/**
 * A person at the keyboard does what the test says: the roles are not asked, since a test must be able to
 * show an outsider's label or comment, however it came about. What GitHub refuses to everybody is refused.
 */

import type { CheckRunEdit, NewStatus } from './acts/checks.ts'
import type { IssueEdit, NewIssue } from './acts/issues.ts'
import type { MergeWish } from './acts/merge.ts'
import type { NewPull } from './acts/pulls.ts'
import type { ProtectionWish } from './acts/repositories.ts'
import type { NewReview } from './acts/reviews.ts'
import type { FileChanges } from './commits.ts'
import type {
  Account,
  CheckRun,
  Comment,
  CommitStatus,
  Installation,
  IssueRecord,
  PullIssue,
  Reaction,
  RepositoryRecord,
  ReviewRecord,
  Role,
} from './model.ts'
import type { PushRules } from './push-rules.ts'
import type { ObjectId } from './sha.ts'

/** Everything that takes an issue number takes a pull request's too, where GitHub does. Rejects with `ApiRefusal`. */
export interface Person {
  account: Account
  /** A token for git over HTTP, as the password; any user name. */
  token: string
  createIssue(repository: RepositoryRecord, wanted: NewIssue): Promise<IssueRecord>
  editIssue(repository: RepositoryRecord, number: number, edit: IssueEdit): Promise<IssueRecord>
  closeIssue(repository: RepositoryRecord, number: number, reason?: 'completed' | 'not_planned'): Promise<IssueRecord>
  reopenIssue(repository: RepositoryRecord, number: number): Promise<IssueRecord>
  addLabels(repository: RepositoryRecord, number: number, names: string[]): Promise<IssueRecord>
  removeLabel(repository: RepositoryRecord, number: number, name: string): Promise<IssueRecord>
  /** Gives a label of the repository another name, on all issues that have it. */
  renameLabel(repository: RepositoryRecord, name: string, to: string): Promise<void>
  comment(repository: RepositoryRecord, number: number, body: string): Promise<Comment>
  editComment(repository: RepositoryRecord, id: number, body: string): Promise<Comment>
  deleteComment(repository: RepositoryRecord, id: number): Promise<void>
  /** Reacts to an issue, or to the comment with the id. */
  react(
    repository: RepositoryRecord,
    on: { issue: number } | { comment: number },
    content: Reaction['content'],
  ): Promise<void>
  /** @param home the repository of the sub-issue, where it is another one. */
  addSubIssue(repository: RepositoryRecord, parent: number, sub: number, home?: RepositoryRecord): Promise<void>
  removeSubIssue(repository: RepositoryRecord, parent: number, sub: number, home?: RepositoryRecord): Promise<void>
  /** Issue `number` waits for issue `blocking`. @param home the repository of the latter, where it is another one. */
  addBlockedBy(repository: RepositoryRecord, number: number, blocking: number, home?: RepositoryRecord): Promise<void>
  removeBlockedBy(
    repository: RepositoryRecord,
    number: number,
    blocking: number,
    home?: RepositoryRecord,
  ): Promise<void>
  /** One real commit on the branch, which is made from the default branch if there is none. Gives its id. */
  push(repository: RepositoryRecord, branch: string, files: FileChanges, message: string): Promise<ObjectId>
  /** Makes a branch at a commit, or at the default branch. */
  createBranch(repository: RepositoryRecord, branch: string, at?: ObjectId): Promise<ObjectId>
  deleteBranch(repository: RepositoryRecord, branch: string): Promise<void>
  /** Moves a branch to any commit there is, also backwards. */
  forcePush(repository: RepositoryRecord, branch: string, to: ObjectId): Promise<void>
  createPullRequest(repository: RepositoryRecord, wanted: NewPull): Promise<PullIssue>
  editPullRequest(
    repository: RepositoryRecord,
    number: number,
    edit: { title?: string; body?: string; base?: string },
  ): Promise<PullIssue>
  closePullRequest(repository: RepositoryRecord, number: number): Promise<PullIssue>
  /** Gives the new commit of the base branch. */
  mergePullRequest(repository: RepositoryRecord, number: number, wish?: MergeWish): Promise<ObjectId>
  /** Takes it out of the merge queue, as the button there does. */
  leaveMergeQueue(repository: RepositoryRecord, number: number): Promise<void>
  requestReviewers(repository: RepositoryRecord, number: number, logins: string[]): Promise<void>
  review(repository: RepositoryRecord, number: number, review: NewReview): Promise<ReviewRecord>
  /** Resolves the thread of comments on a line that begins with this comment. */
  resolveThread(repository: RepositoryRecord, firstComment: number): Promise<void>
  dismissReview(repository: RepositoryRecord, number: number, id: number): Promise<ReviewRecord>
  /** CI's word, in the name of the `github-actions` app. */
  createCheckRun(
    repository: RepositoryRecord,
    run: CheckRunEdit & { name: string; head_sha: ObjectId },
  ): Promise<CheckRun>
  updateCheckRun(repository: RepositoryRecord, run: CheckRun, edit: CheckRunEdit): Promise<CheckRun>
  /** Presses "Re-run" on any app's check run. */
  rerequestCheckRun(repository: RepositoryRecord, id: number): Promise<void>
  createStatus(repository: RepositoryRecord, status: NewStatus): Promise<CommitStatus>
  setCollaborator(repository: RepositoryRecord, login: string, role: Role): Promise<void>
  /** Protects the branch; with null stops that. */
  protectBranch(repository: RepositoryRecord, branch: string, rules: ProtectionWish | null): Promise<void>
  /** What pushes are refused for from now on; what is not named stays. */
  setPushRules(repository: RepositoryRecord, rules: Partial<PushRules>): Promise<void>
  /** Gives the default branch another name; open pull requests follow it. */
  renameDefaultBranch(repository: RepositoryRecord, name: string): Promise<void>
  renameRepository(repository: RepositoryRecord, name: string): Promise<void>
  deleteRepository(repository: RepositoryRecord): Promise<void>
  /** Takes another login; id and roles stay, the old login is free. */
  renameAccount(login: string): Promise<void>
  install(repository: RepositoryRecord): Promise<Installation>
  /** Takes this one repository out of its installation. */
  removeFromInstallation(repository: RepositoryRecord): Promise<void>
  /** Removes the whole installation that covers the repository. */
  uninstall(repository: RepositoryRecord): Promise<void>
  suspend(repository: RepositoryRecord): Promise<void>
  unsuspend(repository: RepositoryRecord): Promise<void>
}
