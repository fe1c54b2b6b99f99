/**
 * GitHub's merge queue, where the protection of a branch requires it: each pull request in its turn is put on top of the
 * base as a commit of its own branch, whose required checks decide. Groups hold one pull request, as a maximum group size
 * of 1 makes them.
 */

import { updateRefs } from '../bare.ts'
import { readCommit } from '../commits.ts'
import { squashCommit } from '../merges.ts'
import { type ActingAccount, ApiRefusal, type PullIssue, type QueueEntry, type RepositoryRecord } from '../model.ts'
import { simpleCommit } from '../payloads/checks.ts'
import { requiredChecks, rulesBroken } from '../rules.ts'
import type { ObjectId } from '../sha.ts'
import type { Changes } from '../waiting.ts'
import { accountOf, gitSignatureOf, type World } from '../world.ts'
import { emitIssue } from './issue-history.ts'
import { changeRefs, finishMerge } from './refs.ts'

/** Why GitHub takes a pull request out: `PullRequestEvent`, "dequeued", in GitHub's description of its webhooks. */
type Reason = 'CI_FAILURE' | 'MERGE' | 'MERGE_CONFLICT' | 'MANUAL' | 'BRANCH_PROTECTIONS'

/**
 * Puts a pull request into the queue; one that is in it stays where it is.
 * @throws {ApiRefusal} 422 when the branch has no queue, the head is not `expected`, or the rules of the branch are not met.
 */
export function enqueuePull(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  expected: string | undefined,
): void {
  const { pull } = issue
  if (entryOf(repository, issue)) return
  if (!repository.protections.get(pull.baseRef)?.mergeQueue)
    throw new ApiRefusal(422, 'Pull request cannot be added: the merge queue is not enabled for its base branch')
  if (issue.state === 'closed') throw new ApiRefusal(422, 'Pull request is closed')
  if (expected !== undefined && expected !== pull.headSha)
    throw new ApiRefusal(422, 'The head of the pull request is not the expected one')
  if (pull.draft) throw new ApiRefusal(422, 'Pull request is in draft state')
  const { blocking } = rulesBroken(repository, issue)
  if (blocking) throw new ApiRefusal(422, blocking)
  repository.mergeQueue.push({ issue, headSha: pull.headSha })
  emitIssue({ world, actor, repository }, issue, 'enqueued')
}

/** Takes a pull request out, as the button in the queue does: it leaves before the queue does anything else. */
export function dequeuePull(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
): void {
  const entry = entryOf(repository, issue)
  if (entry) entry.takenOutBy = actor
  world.changed()
}

/** Whether a pull request is in the queue. */
export function entryOf(repository: RepositoryRecord, issue: PullIssue): QueueEntry | undefined {
  return repository.mergeQueue.find((entry) => entry.issue === issue)
}

/** Works the queues of all repositories off, whenever something has changed. */
export function runMergeQueues(world: World, changes: Pick<Changes, 'target'>): void {
  const busy = new Set<RepositoryRecord>()
  const missed = new Set<RepositoryRecord>()
  const run = async (repository: RepositoryRecord): Promise<void> => {
    busy.add(repository)
    await advance(world, repository).finally(() => busy.delete(repository))
    if (missed.delete(repository)) world.changed()
  }
  changes.target.addEventListener('change', () => {
    for (const repository of world.repositories.values()) {
      if (repository.mergeQueue.length === 0) continue
      if (busy.has(repository)) missed.add(repository)
      else void run(repository)
    }
  })
}

/** Who is taken out goes first; then one step for the first pull request of each base branch. */
async function advance(world: World, repository: RepositoryRecord): Promise<void> {
  for (const entry of repository.mergeQueue) {
    const actor = entry.takenOutBy
    if (actor) await leave(world, repository, entry, { actor, reason: 'MANUAL' })
  }
  const first = new Map<string, QueueEntry>()
  for (const entry of repository.mergeQueue)
    if (!first.has(entry.issue.pull.baseRef)) first.set(entry.issue.pull.baseRef, entry)
  for (const entry of first.values()) await advanceEntry(world, repository, entry)
}

async function advanceEntry(world: World, repository: RepositoryRecord, entry: QueueEntry): Promise<void> {
  const { issue, group } = entry
  const base = repository.refs.get(`refs/heads/${issue.pull.baseRef}`)
  const actor = queueActor(world)
  if (!base || issue.state === 'closed' || issue.pull.headSha !== entry.headSha)
    return leave(world, repository, entry, { actor, reason: 'BRANCH_PROTECTIONS' })
  if (!group) return makeGroup(world, repository, entry, base)
  const required = repository.protections.get(issue.pull.baseRef)?.requiredChecks ?? []
  const verdict = requiredChecks(repository, required, group.sha)
  if (verdict === 'red') return leave(world, repository, entry, { actor, reason: 'CI_FAILURE' })
  // The base has moved: the group was tested on something else.
  if (group.base !== base) return dropGroup(world, repository, entry, 'invalidated')
  if (verdict === 'green') await mergeGroup(world, repository, entry)
}

async function makeGroup(world: World, repository: RepositoryRecord, entry: QueueEntry, base: ObjectId): Promise<void> {
  const { issue } = entry
  const actor = queueActor(world)
  const sha = await squashCommit(world.git, repository.path, {
    ...{ base, head: entry.headSha, message: `${issue.title} (#${issue.number})\n` },
    author: gitSignatureOf(world, issue.user),
    committer: { name: 'GitHub', email: 'noreply@github.com', date: world.now() },
  })
  if (!sha) return leave(world, repository, entry, { actor, reason: 'MERGE_CONFLICT' })
  const ref = `refs/heads/gh-readonly-queue/${issue.pull.baseRef}/pr-${issue.number}-${base}`
  await changeRefs({ world, actor }, repository, () => updateRefs(world.git, repository.path, [{ ref, to: sha }]))
  entry.group = { ref, sha, base }
  await signalGroup(world, repository, entry, { action: 'checks_requested' })
}

async function mergeGroup(world: World, repository: RepositoryRecord, entry: QueueEntry): Promise<void> {
  const { issue, group } = entry
  if (!group) return
  const actor = queueActor(world)
  await signalGroup(world, repository, entry, { action: 'destroyed', reason: 'merged' })
  repository.mergeQueue = repository.mergeQueue.filter((one) => one !== entry)
  const moves = [
    { ref: `refs/heads/${issue.pull.baseRef}`, from: group.base, to: group.sha },
    { ref: group.ref, from: group.sha },
  ]
  await changeRefs(
    { world, actor },
    repository,
    () => updateRefs(world.git, repository.path, moves),
    () => {
      emitIssue({ world, actor, repository }, issue, 'dequeued', { reason: 'MERGE' satisfies Reason })
      if (!issue.pull.mergedAt) finishMerge({ world, actor }, repository, issue, group.sha)
    },
  )
}

async function leave(
  world: World,
  repository: RepositoryRecord,
  entry: QueueEntry,
  { actor, reason }: { actor: ActingAccount; reason: Reason },
): Promise<void> {
  await dropGroup(world, repository, entry, 'dequeued')
  repository.mergeQueue = repository.mergeQueue.filter((one) => one !== entry)
  emitIssue({ world, actor, repository }, entry.issue, 'dequeued', { reason })
}

async function dropGroup(
  world: World,
  repository: RepositoryRecord,
  entry: QueueEntry,
  reason: 'dequeued' | 'invalidated',
): Promise<void> {
  const { group } = entry
  if (!group) return
  await signalGroup(world, repository, entry, { action: 'destroyed', reason })
  delete entry.group
  const actor = queueActor(world)
  const moves = [{ ref: group.ref, from: group.sha }]
  await changeRefs({ world, actor }, repository, () => updateRefs(world.git, repository.path, moves))
}

async function signalGroup(
  world: World,
  repository: RepositoryRecord,
  { issue, group }: QueueEntry,
  { action, reason }: { action: 'checks_requested' | 'destroyed'; reason?: string },
): Promise<void> {
  const commit = group && (await readCommit(world.git, repository.path, group.sha))
  if (!group || !commit) return
  const merge_group = {
    ...{ head_sha: group.sha, head_ref: group.ref },
    ...{ base_sha: group.base, base_ref: `refs/heads/${issue.pull.baseRef}` },
    head_commit: simpleCommit(commit),
  }
  const payload = { ...(reason ? { reason } : {}), merge_group }
  world.emit({ event: 'merge_group', action, actor: queueActor(world), repository, payload })
}

/** GitHub itself moves the branches of its queue, under this name. */
function queueActor(world: World): ActingAccount {
  return { account: accountOf(world, 'github-merge-queue[bot]', 'Bot') }
}
