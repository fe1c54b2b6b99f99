/** Every change of a branch or tag, whoever makes it and however: what follows from it is sent from here. */

import { pointHead, pointRef, readRefs, updateRefs } from '../bare.ts'
import { type CommitRecord, countCommits, isAncestor, readCommit, readCommits } from '../commits.ts'
import { diffTotals } from '../diffs.ts'
import { type ActingAccount, ApiRefusal, isPull, type PullIssue, type RepositoryRecord } from '../model.ts'
import { suiteBody } from '../payloads/checks.ts'
import { pushCommitBody } from '../payloads/commits.ts'
import { repositoryHtml } from '../payloads/repositories.ts'
import type { ObjectId } from '../sha.ts'
import { emailOf, installationOf, type World } from '../world.ts'
import { suiteFor } from './checks.ts'
import { emitIssue } from './issue-history.ts'
import { closeIssue } from './issues.ts'

const NONE = '0'.repeat(40)
/** A push lists at most this many commits, in GitHub's webhook as here. */
const MAX_COMMITS = 2048

/**
 * Lets `work` change refs of the repository, then reads them again and sends what changed: `create`, `push`, `delete`,
 * `pull_request.synchronize`, and what a pushed commit closes. `after` runs once that is sent, if `work` did not throw.
 * One at a time per repository.
 */
export function changeRefs<T>(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  work: () => Promise<T>,
  after?: (result: T) => void,
): Promise<T> {
  return repository.lock(async () => {
    let result: T
    try {
      result = await work()
    } finally {
      await noticeRefs(world, actor, repository)
    }
    after?.(result)
    return result
  })
}

async function noticeRefs(world: World, actor: ActingAccount, repository: RepositoryRecord): Promise<void> {
  const before = repository.refs
  repository.refs = await readRefs(world.git, repository.path)
  for (const ref of new Set([...before.keys(), ...repository.refs.keys()])) {
    const from = before.get(ref)
    const to = repository.refs.get(ref)
    if (from !== to) await noticeRef(world, actor, repository, { ref, from, to })
  }
}

interface RefMove {
  ref: string
  from: ObjectId | undefined
  to: ObjectId | undefined
}

async function noticeRef(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  move: RefMove,
): Promise<void> {
  repository.pushedAt = world.now()
  if (!move.from || !move.to) emitRef(world, actor, repository, move)
  const pushed = await readPush(world, repository, move)
  emitPush({ world, actor }, repository, move, pushed)
  if (!move.ref.startsWith('refs/heads/')) return
  const branch = move.ref.slice('refs/heads/'.length)
  if (pushed.head) requestChecks(world, actor, repository, pushed.head)
  for (const issue of openPulls(repository)) {
    if (issue.pull.headRef === branch) await headMoved({ world, actor }, repository, issue, move)
    else if (issue.pull.baseRef === branch) await baseMoved({ world, actor }, repository, issue, move)
  }
  if (branch === repository.defaultBranch)
    for (const commit of pushed.commits) closeNamed(world, actor, repository, commit.message)
}

function emitRef(world: World, actor: ActingAccount, repository: RepositoryRecord, { ref, to }: RefMove): void {
  const tag = ref.startsWith('refs/tags/')
  const payload = {
    ref: ref.replace(/^refs\/(heads|tags)\//, ''),
    ref_type: tag ? 'tag' : 'branch',
    pusher_type: 'user',
    ...(to ? { master_branch: repository.defaultBranch, description: repository.description } : {}),
  }
  world.emit({ event: to ? 'create' : 'delete', actor, repository, payload })
}

interface Pushed {
  head: CommitRecord | undefined
  /** What the push brought, oldest first. */
  commits: CommitRecord[]
  /** Did the branch lose commits it had? */
  forced: boolean
}

async function readPush(world: World, repository: RepositoryRecord, move: RefMove): Promise<Pushed> {
  const { from, to } = move
  if (!to) return { head: undefined, commits: [], forced: false }
  const { git } = world
  const [commits, kept] = await Promise.all([
    newCommits(world, repository, { ...move, to }),
    from === undefined || isAncestor(git, repository.path, from, to),
  ])
  const last = commits.at(-1)
  return { head: last?.sha === to ? last : await readCommit(git, repository.path, to), commits, forced: !kept }
}

function emitPush(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  move: RefMove,
  pushed: Pushed,
): void {
  const { ref, from, to } = move
  const { head, commits, forced } = pushed
  const html = repositoryHtml(world, repository)
  const payload = {
    ref,
    before: from ?? NONE,
    after: to ?? NONE,
    created: !from,
    deleted: !to,
    forced,
    base_ref: null,
    compare: from && to ? `${html}/compare/${from.slice(0, 12)}...${to.slice(0, 12)}` : `${html}/commit/${to ?? from}`,
    commits: commits.map((commit) => pushCommitBody(world, repository, commit)),
    head_commit: head ? pushCommitBody(world, repository, head) : null,
    pusher: { name: actor.account.login, email: emailOf(actor.account) },
  }
  world.emit({ event: 'push', actor, repository, payload })
}

/** Commits the push brought: not in the old tip; for a new branch, not in any other branch. */
function newCommits(
  world: World,
  repository: RepositoryRecord,
  { ref, from, to }: RefMove & { to: ObjectId },
): Promise<CommitRecord[]> {
  const others = [...repository.refs].filter(([name, id]) => name !== ref && id !== to).map(([, id]) => id)
  const not = from ? [from] : others
  return readCommits(world.git, repository.path, [`--max-count=${MAX_COMMITS}`, to, ...not.map((id) => `^${id}`)])
}

/** GitHub opens a check suite for the app on every push, if it may write checks, and asks it to run. */
function requestChecks(world: World, actor: ActingAccount, repository: RepositoryRecord, head: CommitRecord): void {
  const installation = installationOf(world, repository)
  if (installation?.permissions.checks !== 'write') return
  if (repository.suites.some((suite) => suite.app === world.app && suite.headSha === head.sha)) return
  const payload = { check_suite: suiteBody(world, repository, suiteFor(world, world.app, repository, head)) }
  world.emit({ event: 'check_suite', action: 'requested', actor, repository, payload })
}

function openPulls(repository: RepositoryRecord): PullIssue[] {
  return [...repository.issues.values()].filter(isPull).filter((issue) => issue.state === 'open')
}

async function headMoved(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  { from, to }: RefMove,
): Promise<void> {
  if (!to) return closeIssue({ world, actor }, repository, issue)
  await setHead(world, repository, issue, to)
  const protection = repository.protections.get(issue.pull.baseRef)
  if (protection?.dismissStaleReviews)
    for (const review of issue.pull.reviews) if (review.state === 'APPROVED') review.state = 'DISMISSED'
  emitIssue({ world, actor, repository }, issue, 'synchronize', { before: from ?? NONE, after: to })
}

/** Points the pull request at `head`: its size, its base and `refs/pull/{number}/head` follow. */
export async function setHead(
  world: World,
  repository: RepositoryRecord,
  issue: PullIssue,
  head: ObjectId,
): Promise<void> {
  const { pull } = issue
  const { git } = world
  pull.headSha = head
  pull.baseSha = repository.refs.get(`refs/heads/${pull.baseRef}`) ?? pull.baseSha
  pull.mergeability = undefined
  pull.unknownAnswers = 0
  const [commits, totals] = await Promise.all([
    countCommits(git, repository.path, pull.baseSha, head),
    diffTotals(git, repository.path, pull.baseSha, head),
    pointRef(git, repository.path, `refs/pull/${issue.number}/head`, head),
  ])
  pull.size = { commits, ...totals }
}

/** A pull request is merged when its base holds its head, also when someone pushed it there by hand. */
async function baseMoved(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  { to }: RefMove,
): Promise<void> {
  if (!to) return closeIssue({ world, actor }, repository, issue)
  if (!(await isAncestor(world.git, repository.path, issue.pull.headSha, to))) return
  finishMerge({ world, actor }, repository, issue, to)
}

/** Marks the pull request merged, sends that, and closes what its text says it closes. */
export function finishMerge(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  mergeCommit: ObjectId,
): void {
  issue.pull.mergedAt = world.now()
  issue.pull.mergedBy = actor.account
  issue.pull.mergeCommitSha = mergeCommit
  closeIssue({ world, actor }, repository, issue)
  if (issue.pull.baseRef === repository.defaultBranch) closeNamed(world, actor, repository, issue.body ?? '')
}

/** GitHub's closing keywords, documented in "Linking a pull request to an issue". */
const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)/gi

function closeNamed(world: World, actor: ActingAccount, repository: RepositoryRecord, text: string): void {
  for (const [, number] of text.matchAll(CLOSING)) {
    const issue = repository.issues.get(Number(number))
    if (issue && !issue.pull) closeIssue({ world, actor }, repository, issue)
  }
}

/** @throws {ApiRefusal} 422 when the ref does not exist. */
export async function deleteRef(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  ref: string,
): Promise<void> {
  await changeRefs({ world, actor }, repository, async () => {
    const from = repository.refs.get(ref)
    if (!from) throw new ApiRefusal(422, 'Reference does not exist')
    await updateRefs(world.git, repository.path, [{ ref, from }])
  })
}

/**
 * Gives the default branch another name: open pull requests point to it, and the old name is gone. Sent as the branches
 * that come and go, the repository's new default, and each pull request's new base.
 */
export async function renameDefaultBranch(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  name: string,
): Promise<void> {
  const before = repository.defaultBranch
  const aimed = openPulls(repository).filter((issue) => issue.pull.baseRef === before)
  const work = async () => {
    const to = repository.refs.get(`refs/heads/${before}`)
    if (!to) throw new ApiRefusal(404, 'Branch not found')
    await updateRefs(world.git, repository.path, [
      { ref: `refs/heads/${name}`, to },
      { ref: `refs/heads/${before}`, from: to },
    ])
    await pointHead(world.git, repository.path, name)
    repository.defaultBranch = name
    for (const { pull } of aimed) pull.baseRef = name
  }
  await changeRefs({ world, actor }, repository, work, () => {
    const payload = { changes: { default_branch: { from: before } } }
    world.emit({ event: 'repository', action: 'edited', actor, repository, payload })
    for (const issue of aimed) {
      const base = { ref: { from: before }, sha: { from: issue.pull.baseSha } }
      emitIssue({ world, actor, repository }, issue, 'edited', { changes: { base } })
    }
  })
}
