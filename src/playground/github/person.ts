/**
 * Somebody at the keyboard. A person does what they are told to: the roles are not asked, since a test must be able to
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
  Issue,
  PullIssue,
  Reaction,
  Repository,
  Review,
  Role,
} from './model.ts'
import type { PushRules } from './push-rules.ts'
import type { Sha } from './sha.ts'

export interface PushOptions {
  /** Rewrites the branch: the commit is made on this one, whatever is there. */
  onto?: Sha
}

/** Everything that takes an issue number takes a pull request's too, where GitHub does. Rejects with `Refusal`. */
export interface Person {
  account: Account
  /** A token for git over HTTP, as the password; any user name. */
  token: string
  createIssue(repository: Repository, wanted: NewIssue): Promise<Issue>
  editIssue(repository: Repository, number: number, edit: IssueEdit): Promise<Issue>
  closeIssue(repository: Repository, number: number, reason?: 'completed' | 'not_planned'): Promise<Issue>
  reopenIssue(repository: Repository, number: number): Promise<Issue>
  addLabels(repository: Repository, number: number, names: string[]): Promise<Issue>
  removeLabel(repository: Repository, number: number, name: string): Promise<Issue>
  comment(repository: Repository, number: number, body: string): Promise<Comment>
  editComment(repository: Repository, id: number, body: string): Promise<Comment>
  deleteComment(repository: Repository, id: number): Promise<void>
  /** Reacts to an issue, or to the comment with the id. */
  react(
    repository: Repository,
    on: { issue: number } | { comment: number },
    content: Reaction['content'],
  ): Promise<void>
  /** @param home the repository of the sub-issue, where it is another one. */
  addSubIssue(repository: Repository, parent: number, sub: number, home?: Repository): Promise<void>
  removeSubIssue(repository: Repository, parent: number, sub: number, home?: Repository): Promise<void>
  /** Issue `number` waits for issue `blocking`. @param home the repository of the latter, where it is another one. */
  addBlockedBy(repository: Repository, number: number, blocking: number, home?: Repository): Promise<void>
  removeBlockedBy(repository: Repository, number: number, blocking: number, home?: Repository): Promise<void>
  /** One real commit on the branch, which is made from the default branch if there is none. Gives its id. */
  push(repository: Repository, branch: string, files: FileChanges, message: string, options?: PushOptions): Promise<Sha>
  /** Makes a branch at a commit, or at the default branch. */
  createBranch(repository: Repository, branch: string, at?: Sha): Promise<Sha>
  deleteBranch(repository: Repository, branch: string): Promise<void>
  /** Moves a branch to any commit there is, also backwards. */
  forcePush(repository: Repository, branch: string, to: Sha): Promise<void>
  createPullRequest(repository: Repository, wanted: NewPull): Promise<PullIssue>
  editPullRequest(
    repository: Repository,
    number: number,
    edit: { title?: string; body?: string; base?: string },
  ): Promise<PullIssue>
  closePullRequest(repository: Repository, number: number): Promise<PullIssue>
  /** Gives the new commit of the base branch. */
  mergePullRequest(repository: Repository, number: number, wish?: MergeWish): Promise<Sha>
  requestReviewers(repository: Repository, number: number, logins: string[]): Promise<void>
  review(repository: Repository, number: number, review: NewReview): Promise<Review>
  dismissReview(repository: Repository, number: number, id: number): Promise<Review>
  /** CI's word, in the name of the `github-actions` app. */
  createCheckRun(repository: Repository, run: CheckRunEdit & { name: string; head_sha: Sha }): Promise<CheckRun>
  updateCheckRun(repository: Repository, run: CheckRun, edit: CheckRunEdit): Promise<CheckRun>
  /** Presses "Re-run" on any app's check run. */
  rerequestCheckRun(repository: Repository, id: number): Promise<void>
  createStatus(repository: Repository, status: NewStatus): Promise<CommitStatus>
  setCollaborator(repository: Repository, login: string, role: Role): Promise<void>
  /** Protects the branch; with null stops that. */
  protectBranch(repository: Repository, branch: string, rules: ProtectionWish | null): Promise<void>
  /** What pushes are refused for from now on; what is not named stays. */
  setPushRules(repository: Repository, rules: Partial<PushRules>): Promise<void>
  renameRepository(repository: Repository, name: string): Promise<void>
  deleteRepository(repository: Repository): Promise<void>
  /** Takes another login; id and roles stay, the old login is free. */
  renameAccount(login: string): Promise<void>
  install(repository: Repository): Promise<Installation>
  /** Takes this one repository out of its installation. */
  removeFromInstallation(repository: Repository): Promise<void>
  /** Removes the whole installation that covers the repository. */
  uninstall(repository: Repository): Promise<void>
  suspend(repository: Repository): Promise<void>
  unsuspend(repository: Repository): Promise<void>
}
