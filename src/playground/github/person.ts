/**
 * Somebody at the keyboard. A person does what they are told to: the roles are not asked, since a test must be able to
 * show an outsider's label or comment, however it came about. What GitHub refuses to everybody is refused.
 */
import type { Sha } from '../../config/ids.ts'
import { type CheckRunEdit, createCheckRun, createStatus, type NewStatus, updateCheckRun } from './acts/checks.ts'
import { commentOf, createComment, deleteComment, editComment, react } from './acts/comments.ts'
import { installOn, removeFrom, suspend, uninstall } from './acts/installations.ts'
import {
  addLabels,
  closeIssue,
  createIssue,
  editIssue,
  type IssueEdit,
  type NewIssue,
  removeLabel,
  reopenIssue,
} from './acts/issues.ts'
import { addBlockedBy, addSubIssue, removeBlockedBy, removeSubIssue } from './acts/links.ts'
import {
  createPull,
  deleteRef,
  editPull,
  type MergeWish,
  mergePull,
  type NewPull,
  requestReviewers,
  signatureOf,
} from './acts/pulls.ts'
import { changeRefs } from './acts/refs.ts'
import {
  deleteRepository,
  type ProtectionWish,
  protectBranch,
  renameRepository,
  setCollaborator,
} from './acts/repositories.ts'
import { createReview, dismissReview, type NewReview, reviewOf } from './acts/reviews.ts'
import type { Auth } from './auth.ts'
import { pointRef, updateRefs } from './bare.ts'
import { commitFiles, type FileChanges } from './commits.ts'
import {
  type Account,
  asPull,
  type CheckRun,
  type Comment,
  type CommitStatus,
  type Installation,
  type Issue,
  type PullIssue,
  type Reaction,
  Refusal,
  type Repository,
  type Review,
  type Role,
} from './model.ts'
import { accountOf, appActor, installationOf, issueOf, randomText, type World } from './world.ts'

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
  addSubIssue(repository: Repository, parent: number, sub: number): Promise<void>
  removeSubIssue(repository: Repository, parent: number, sub: number): Promise<void>
  /** Issue `number` waits for issue `blocking`. */
  addBlockedBy(repository: Repository, number: number, blocking: number): Promise<void>
  removeBlockedBy(repository: Repository, number: number, blocking: number): Promise<void>
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
  createStatus(repository: Repository, status: NewStatus): Promise<CommitStatus>
  setCollaborator(repository: Repository, login: string, role: Role): Promise<void>
  /** Protects the branch; with null stops that. */
  protectBranch(repository: Repository, branch: string, rules: ProtectionWish | null): Promise<void>
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

/** The person with this login; made now if there is none. */
export function createPerson(world: World, auth: Auth, login: string): Person {
  const account = accountOf(world, login)
  return {
    account,
    token: personalToken(world, account),
    ...issueActs(world, account),
    ...branchActs(world, account),
    ...pullActs(world, account),
    ...ownerActs(world, auth, account),
  }
}

function personalToken(world: World, account: Account): string {
  const found = [...world.personalTokens].find(([, owner]) => owner === account)
  if (found) return found[0]
  const token = `ghp_${randomText(36)}`
  world.personalTokens.set(token, account)
  return token
}

function issueActs(world: World, account: Account) {
  const me = { account }
  return {
    createIssue: async (repository, wanted) => createIssue(world, me, repository, wanted),
    async editIssue(repository, number, edit) {
      const issue = issueOf(repository, number)
      editIssue(world, me, repository, issue, edit)
      return issue
    },
    async closeIssue(repository, number, reason) {
      const issue = issueOf(repository, number)
      closeIssue(world, me, repository, issue, reason)
      return issue
    },
    async reopenIssue(repository, number) {
      const issue = issueOf(repository, number)
      reopenIssue(world, me, repository, issue)
      return issue
    },
    async addLabels(repository, number, names) {
      const issue = issueOf(repository, number)
      addLabels(world, me, repository, issue, names)
      return issue
    },
    async removeLabel(repository, number, name) {
      const issue = issueOf(repository, number)
      removeLabel(world, me, repository, issue, name)
      return issue
    },
    comment: async (repository, number, body) =>
      createComment(world, me, repository, issueOf(repository, number), body),
    async editComment(repository, id, body) {
      const found = commentOf(repository, id)
      editComment(world, me, repository, found, body)
      return found.comment
    },
    deleteComment: async (repository, id) => deleteComment(world, me, repository, commentOf(repository, id)),
    async react(repository, on, content) {
      const target = 'issue' in on ? issueOf(repository, on.issue) : commentOf(repository, on.comment).comment
      react(world, me, target.reactions, content)
    },
    addSubIssue: async (repository, parent, sub) => addSubIssue(world, me, repository, family(repository, parent, sub)),
    removeSubIssue: async (repository, parent, sub) =>
      removeSubIssue(world, me, repository, family(repository, parent, sub)),
    addBlockedBy: async (repository, number, blocking) =>
      addBlockedBy(world, me, repository, barrier(repository, number, blocking)),
    removeBlockedBy: async (repository, number, blocking) =>
      removeBlockedBy(world, me, repository, barrier(repository, number, blocking)),
  } satisfies Partial<Person>
}

function family(repository: Repository, parent: number, sub: number) {
  return { parent: issueOf(repository, parent), sub: issueOf(repository, sub) }
}

function barrier(repository: Repository, number: number, blocking: number) {
  return { blocked: issueOf(repository, number), blocking: issueOf(repository, blocking) }
}

function branchActs(world: World, account: Account) {
  const me = { account }
  const { git } = world
  return {
    push(repository, branch, files, message, options = {}) {
      const ref = `refs/heads/${branch}`
      const author = signatureOf(world, account)
      return changeRefs(world, me, repository, () => {
        const tip = repository.refs.get(ref) ?? repository.refs.get(`refs/heads/${repository.defaultBranch}`)
        const commit = { ref, parent: options.onto ?? tip, files, message, author, committer: author }
        return commitFiles(git, repository.path, commit, options.onto !== undefined)
      })
    },
    createBranch(repository, branch, at) {
      return changeRefs(world, me, repository, async () => {
        const to = at ?? repository.refs.get(`refs/heads/${repository.defaultBranch}`)
        if (!to) throw new Refusal(409, 'Git Repository is empty.')
        await updateRefs(git, repository.path, [{ ref: `refs/heads/${branch}`, to }])
        return to
      })
    },
    deleteBranch: (repository, branch) => deleteRef(world, me, repository, `refs/heads/${branch}`),
    forcePush: (repository, branch, to) =>
      changeRefs(world, me, repository, () => pointRef(git, repository.path, `refs/heads/${branch}`, to)),
  } satisfies Partial<Person>
}

function pullActs(world: World, account: Account) {
  const me = { account }
  const ci = appActor(world.ci)
  const pullOf = (repository: Repository, number: number): PullIssue => asPull(issueOf(repository, number))
  return {
    createPullRequest: (repository, wanted) => createPull(world, me, repository, wanted),
    async editPullRequest(repository, number, edit) {
      const issue = pullOf(repository, number)
      await editPull(world, me, repository, issue, edit)
      return issue
    },
    async closePullRequest(repository, number) {
      const issue = pullOf(repository, number)
      closeIssue(world, me, repository, issue)
      return issue
    },
    mergePullRequest: async (repository, number, wish = {}) =>
      mergePull(world, me, repository, pullOf(repository, number), wish),
    requestReviewers: async (repository, number, logins) =>
      requestReviewers(world, me, repository, pullOf(repository, number), logins),
    review: async (repository, number, wanted) =>
      createReview(world, me, repository, pullOf(repository, number), wanted),
    async dismissReview(repository, number, id) {
      const issue = pullOf(repository, number)
      const review = reviewOf(issue, id)
      dismissReview(world, me, repository, issue, review)
      return review
    },
    createCheckRun: (repository, run) => createCheckRun(world, ci, repository, run),
    async updateCheckRun(repository, run, edit) {
      updateCheckRun(world, ci, repository, run, edit)
      return run
    },
    createStatus: (repository, status) => createStatus(world, me, repository, status),
  } satisfies Partial<Person>
}

function ownerActs(world: World, auth: Auth, account: Account) {
  const me = { account }
  return {
    setCollaborator: async (repository, login, role) =>
      setCollaborator(world, repository, accountOf(world, login), role),
    protectBranch: async (repository, branch, rules) => protectBranch(world, repository, branch, rules ?? undefined),
    renameRepository: async (repository, name) => renameRepository(world, me, repository, name),
    deleteRepository: async (repository) => deleteRepository(world, me, repository),
    async renameAccount(login) {
      account.login = login
      world.changed()
    },
    install: async (repository) => installOn(world, me, repository),
    removeFromInstallation: async (repository) => removeFrom(world, me, repository),
    uninstall: async (repository) => uninstall(world, auth, me, installed(world, repository)),
    suspend: async (repository) => suspend(world, me, installed(world, repository), true),
    unsuspend: async (repository) => suspend(world, me, installed(world, repository), false),
  } satisfies Partial<Person>
}

function installed(world: World, repository: Repository): Installation {
  const installation = installationOf(world, repository)
  if (!installation) throw new Refusal(404, 'Not Found')
  return installation
}
