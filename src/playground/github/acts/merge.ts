/** Merging pull requests, and bringing them up to date, in the real repository. */

import { updateRefs } from '../bare.ts'
import { countCommits, isAncestor, readCommits } from '../commits.ts'
import { mergeCommit, mergeTree, rebaseCommits, squashCommit } from '../merges.ts'
import { type ActingAccount, ApiRefusal, type PullIssue, type RepositoryRecord } from '../model.ts'
import { rulesBroken } from '../rules.ts'
import type { ObjectId } from '../sha.ts'
import { gitSignatureOf, nameOf, roleOf, type World } from '../world.ts'
import { changeRefs, deleteRef, finishMerge } from './refs.ts'

/** Tries the merge, unless that was done for these two commits already. */
export async function computeMergeability(world: World, repository: RepositoryRecord, issue: PullIssue): Promise<void> {
  const { pull } = issue
  const base = repository.refs.get(`refs/heads/${pull.baseRef}`)
  const head = pull.headSha
  if (!base || pull.mergedAt || (pull.mergeability?.head === head && pull.mergeability.base === base)) return
  if (pull.unknownAnswers < world.mergeableUnknownReads) {
    pull.unknownAnswers += 1
    return
  }
  const clean = (await mergeTree(world.git, repository.path, base, head)) !== undefined
  const behind = !(await isAncestor(world.git, repository.path, base, head))
  pull.mergeability = { head, base, clean, behind }
}

export interface MergeWish {
  method?: 'merge' | 'squash' | 'rebase'
  /** Only this head may be merged. */
  sha?: string
  title?: string
  message?: string
}

/**
 * Merges the pull request in the real repository; gives the new commit of the base branch.
 * @throws {ApiRefusal} 409 when the head is not `sha`; 405 when it is closed, in conflict, protected, or the method is not allowed.
 */
export async function mergePull(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  wish: MergeWish,
): Promise<ObjectId> {
  const merged = await changeRefs(
    { world, actor },
    repository,
    () => mergeNow({ world, actor }, repository, issue, wish),
    (commit) => {
      // A merge commit was noticed as one already; a squash or a rebase cannot be seen in the history.
      if (!issue.pull.mergedAt) finishMerge({ world, actor }, repository, issue, commit)
    },
  )
  if (repository.deleteBranchOnMerge && repository.refs.has(`refs/heads/${issue.pull.headRef}`))
    await deleteRef(world, actor, repository, `refs/heads/${issue.pull.headRef}`)
  return merged
}

async function mergeNow(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  wish: MergeWish,
): Promise<ObjectId> {
  const { pull } = issue
  const method = wish.method ?? 'merge'
  checkMerge({ repository, actor }, issue, wish, method)
  const ref = `refs/heads/${pull.baseRef}`
  const base = repository.refs.get(ref)
  if (!base) throw notMergeable('Pull Request is not mergeable')
  const { upToDate } = repository.protections.get(pull.baseRef) ?? {}
  if (upToDate && !(await isAncestor(world.git, repository.path, base, pull.headSha)))
    throw notMergeable('Head branch is out of date. Review and try the merge again.')
  const person = gitSignatureOf(world, actor.account)
  const request = {
    base,
    head: pull.headSha,
    message: await messageFor({ world, repository }, issue, method, wish),
    author: method === 'squash' ? gitSignatureOf(world, issue.user) : person,
    committer: { name: 'GitHub', email: 'noreply@github.com', date: world.now() },
  }
  const make = { merge: mergeCommit, squash: squashCommit, rebase: rebaseCommits }[method]
  const merged = await make(world.git, repository.path, request)
  if (!merged) throw notMergeable('Pull Request is not mergeable')
  await updateRefs(world.git, repository.path, [{ ref, from: base, to: merged }])
  return merged
}

function checkMerge(
  { repository, actor }: { repository: RepositoryRecord; actor: ActingAccount },
  issue: PullIssue,
  wish: MergeWish,
  method: string,
): void {
  const { pull } = issue
  if (pull.mergedAt || issue.state === 'closed') throw notMergeable('Pull Request is not mergeable')
  if (wish.sha !== undefined && wish.sha !== pull.headSha)
    throw new ApiRefusal(409, 'Head branch was modified. Review and try the merge again.')
  if (pull.draft) throw notMergeable('Pull Request is still a draft')
  if (method === 'merge' && !repository.mergeMethods.merge)
    throw notMergeable('Merge commits are not allowed on this repository.')
  if (method === 'squash' && !repository.mergeMethods.squash)
    throw notMergeable('Squash merges are not allowed on this repository.')
  if (method === 'rebase' && !repository.mergeMethods.rebase)
    throw notMergeable('Rebase merges are not allowed on this repository.')
  // A rule of rulesets, which holds for everybody; GitHub's words.
  if (repository.protections.get(pull.baseRef)?.mergeQueue)
    throw notMergeable('Repository rule violations found\n\nChanges must be made through the merge queue\n\n')
  const { blocking } = rulesBroken(repository, issue)
  const admin = !actor.app && roleOf(repository, actor.account) === 'admin'
  if (blocking && !admin) throw notMergeable(blocking)
}

function notMergeable(message: string): ApiRefusal {
  return new ApiRefusal(405, message)
}

/**
 * Merges the base into the head branch, as the button "Update branch" does; nothing when it is up to date.
 * @throws {ApiRefusal} 422 when the head is not `expected`, or the two conflict.
 */
export async function updateBranch(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  expected?: string,
): Promise<void> {
  const { pull } = issue
  await changeRefs({ world, actor }, repository, async () => {
    const from = pull.headSha
    const base = repository.refs.get(`refs/heads/${pull.baseRef}`)
    if (!base || (expected !== undefined && expected !== from))
      throw new ApiRefusal(422, "expected head sha didn't match current head ref.")
    if ((await countCommits(world.git, repository.path, from, base)) === 0) return
    const author = gitSignatureOf(world, actor.account)
    const message = `Merge branch '${pull.baseRef}' into ${pull.headRef}\n`
    const request = { base: from, head: base, message, author, committer: author }
    const to = await mergeCommit(world.git, repository.path, request)
    if (!to) throw new ApiRefusal(422, 'merge conflict between base and head')
    await updateRefs(world.git, repository.path, [{ ref: `refs/heads/${pull.headRef}`, from, to }])
  })
}

/** GitHub's default texts: "Merge pull request #n from …", or for a squash the only commit's or the pull request's title. */
async function messageFor(
  { world, repository }: { world: World; repository: RepositoryRecord },
  issue: PullIssue,
  method: 'merge' | 'squash' | 'rebase',
  wish: MergeWish,
): Promise<string> {
  const { pull } = issue
  if (method === 'merge') {
    const title =
      wish.title ?? `Merge pull request #${issue.number} from ${nameOf(repository).split('/')[0]}/${pull.headRef}`
    return `${title}\n\n${wish.message ?? issue.title}\n`
  }
  const range = [`${pull.baseSha}..${pull.headSha}`, '--no-merges']
  const commits = await readCommits(world.git, repository.path, range)
  const [only] = commits
  const alone = commits.length === 1 && only !== undefined
  const subject = alone ? (only.message.split('\n')[0] ?? issue.title) : issue.title
  const text = alone
    ? only.message.split('\n').slice(1).join('\n').trim()
    : commits.map((commit) => `* ${commit.message}`).join('\n\n')
  return `${wish.title ?? `${subject} (#${issue.number})`}\n\n${wish.message ?? text}`.trimEnd().concat('\n')
}
