import { checkRunOf, createCheckRun, createStatus, rerequestCheckRun, updateCheckRun } from './acts/checks.ts'
import { commentOf, createComment, deleteComment, editComment, react } from './acts/comments.ts'
import { installOn, removeFrom, suspend, uninstall } from './acts/installations.ts'
import { closeIssue, createIssue, editIssue, reopenIssue } from './acts/issues.ts'
import { addLabels, removeLabel, renameLabel } from './acts/labels.ts'
import { addBlockedBy, addSubIssue, removeBlockedBy, removeSubIssue } from './acts/links.ts'
import { mergePull } from './acts/merge.ts'
import { dequeuePull } from './acts/merge-queue.ts'
import { createPull, editPull, requestReviewers } from './acts/pulls.ts'
import { changeRefs, deleteRef, renameDefaultBranch } from './acts/refs.ts'
import {
  deleteRepository,
  protectBranch,
  renameRepository,
  setCollaborator,
  setPushRules,
} from './acts/repositories.ts'
import { createReview, reviewOf, withdrawReview } from './acts/reviews.ts'
import { resolveThread } from './acts/threads.ts'
import type { Auth } from './auth.ts'
import { pointRef, updateRefs } from './bare.ts'
import { commitFiles } from './commits.ts'
import { type Account, ApiRefusal, asPull, type Installation, type PullIssue, type RepositoryRecord } from './model.ts'
import type { Person } from './person.ts'
import { accountOf, appActor, gitSignatureOf, installationOf, issueOf, type World } from './world.ts'

export function issueActs(world: World, account: Account) {
  const me = { account }
  return {
    createIssue: async (repository, wanted) => createIssue(world, me, repository, wanted),
    async editIssue(repository, number, edit) {
      const issue = issueOf(repository, number)
      editIssue({ world, actor: me }, repository, issue, edit)
      return issue
    },
    async closeIssue(repository, number, reason) {
      const issue = issueOf(repository, number)
      closeIssue({ world, actor: me }, repository, issue, reason)
      return issue
    },
    async reopenIssue(repository, number) {
      const issue = issueOf(repository, number)
      reopenIssue(world, me, repository, issue)
      return issue
    },
    async addLabels(repository, number, names) {
      const issue = issueOf(repository, number)
      addLabels({ world, actor: me }, repository, issue, names)
      return issue
    },
    async removeLabel(repository, number, name) {
      const issue = issueOf(repository, number)
      removeLabel({ world, actor: me }, repository, issue, name)
      return issue
    },
    renameLabel: async (repository, name, to) => {
      renameLabel({ world, actor: me }, repository, name, to)
    },
    comment: async (repository, number, body) =>
      createComment({ world, actor: me }, repository, issueOf(repository, number), body),
    async editComment(repository, id, body) {
      const found = commentOf(repository, id)
      editComment({ world, actor: me }, repository, found, body)
      return found.comment
    },
    deleteComment: async (repository, id) => deleteComment(world, me, repository, commentOf(repository, id)),
    async react(repository, on, content) {
      const target = 'issue' in on ? issueOf(repository, on.issue) : commentOf(repository, on.comment).comment
      react(world, me, target.reactions, content)
    },
    addSubIssue: async (repository, parent, sub, home) =>
      addSubIssue(world, me, repository, family(repository, parent, sub, home)),
    removeSubIssue: async (repository, parent, sub, home) =>
      removeSubIssue(world, me, repository, family(repository, parent, sub, home)),
    addBlockedBy: async (repository, number, blocking, home) =>
      addBlockedBy(world, me, repository, barrier(repository, number, blocking, home)),
    removeBlockedBy: async (repository, number, blocking, home) =>
      removeBlockedBy(world, me, repository, barrier(repository, number, blocking, home)),
  } satisfies Partial<Person>
}

function family(repository: RepositoryRecord, parent: number, sub: number, home = repository) {
  return { parent: issueOf(repository, parent), sub: issueOf(home, sub) }
}

function barrier(repository: RepositoryRecord, number: number, blocking: number, home = repository) {
  return { blocked: issueOf(repository, number), blocking: issueOf(home, blocking) }
}

export function branchActs(world: World, account: Account) {
  const me = { account }
  const { git } = world
  return {
    push(repository, branch, files, message) {
      const ref = `refs/heads/${branch}`
      const author = gitSignatureOf(world, account)
      return changeRefs({ world, actor: me }, repository, () => {
        const tip = repository.refs.get(ref) ?? repository.refs.get(`refs/heads/${repository.defaultBranch}`)
        const commit = { ref, parent: tip, files, message, author, committer: author }
        return commitFiles(git, repository.path, commit)
      })
    },
    createBranch(repository, branch, at) {
      return changeRefs({ world, actor: me }, repository, async () => {
        const to = at ?? repository.refs.get(`refs/heads/${repository.defaultBranch}`)
        if (!to) throw new ApiRefusal(409, 'Git Repository is empty.')
        await updateRefs(git, repository.path, [{ ref: `refs/heads/${branch}`, to }])
        return to
      })
    },
    deleteBranch: (repository, branch) => deleteRef(world, me, repository, `refs/heads/${branch}`),
    forcePush: (repository, branch, to) =>
      changeRefs({ world, actor: me }, repository, () => pointRef(git, repository.path, `refs/heads/${branch}`, to)),
  } satisfies Partial<Person>
}

export function pullActs(world: World, account: Account) {
  const me = { account }
  const ci = appActor(world.ci)
  const pullOf = (repository: RepositoryRecord, number: number): PullIssue => asPull(issueOf(repository, number))
  return {
    createPullRequest: (repository, wanted) => createPull(world, me, repository, wanted),
    async editPullRequest(repository, number, edit) {
      const issue = pullOf(repository, number)
      await editPull({ world, actor: me }, repository, issue, edit)
      return issue
    },
    async closePullRequest(repository, number) {
      const issue = pullOf(repository, number)
      closeIssue({ world, actor: me }, repository, issue)
      return issue
    },
    mergePullRequest: async (repository, number, wish = {}) =>
      mergePull({ world, actor: me }, repository, pullOf(repository, number), wish),
    leaveMergeQueue: async (repository, number) =>
      dequeuePull({ world, actor: me }, repository, pullOf(repository, number)),
    requestReviewers: async (repository, number, logins) =>
      requestReviewers({ world, actor: me }, repository, pullOf(repository, number), logins),
    review: async (repository, number, wanted) =>
      createReview({ world, actor: me }, repository, pullOf(repository, number), wanted),
    resolveThread: async (repository, first) => resolveThread({ world, actor: me }, repository, first),
    async dismissReview(repository, number, id) {
      const issue = pullOf(repository, number)
      const review = reviewOf(issue, id)
      withdrawReview({ world, actor: me }, repository, issue, review)
      return review
    },
    createCheckRun: (repository, run) => createCheckRun(world, ci, repository, run),
    async updateCheckRun(repository, run, edit) {
      updateCheckRun({ world, actor: ci }, repository, run, edit)
      return run
    },
    rerequestCheckRun: async (repository, id) => rerequestCheckRun(world, me, repository, checkRunOf(repository, id)),
    createStatus: (repository, status) => createStatus(world, me, repository, status),
  } satisfies Partial<Person>
}

export function ownerActs(world: World, auth: Auth, account: Account) {
  const me = { account }
  return {
    setCollaborator: async (repository, login, role) =>
      setCollaborator(world, repository, accountOf(world, login), role),
    setPushRules: async (repository, rules) => setPushRules(world, repository, rules),
    protectBranch: async (repository, branch, rules) => protectBranch(world, repository, branch, rules ?? undefined),
    renameDefaultBranch: (repository, name) => renameDefaultBranch({ world, actor: me }, repository, name),
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

function installed(world: World, repository: RepositoryRecord): Installation {
  const installation = installationOf(world, repository)
  if (!installation) throw new ApiRefusal(404, 'Not Found')
  return installation
}
