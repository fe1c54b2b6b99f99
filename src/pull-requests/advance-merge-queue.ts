/**
 * The merge queue of one base branch takes its next step: a merge that is proved, the test of a batch, or the end of one
 * that broke it. Everything that it knows is in the database; `domain/merge-queue.ts` has the rules.
 */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { addBatch, type BatchRow, type QueueOf } from '../db/merge-queue.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings, settingsOf } from '../db/repository-settings.ts'
import type { BatchMember } from '../db/schema/merging.ts'
import { nextGroup, nextMember } from '../domain/merge-queue.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { batchIsTested } from '../messages/merge-queue.ts'
import type { PullRequestContext } from './context.ts'
import { explain, giveUpPlace } from './merge-turn.ts'
import { type QueueView, queueView, type Waiting } from './queue-view.ts'
import { rejectFromQueue } from './reject-from-queue.ts'

/** Each step stores what it has found out, so that the next one goes on from there. */
const mostSteps = 200

interface Here {
  context: PullRequestContext
  repo: RepositoryRow
  control: BareClone
  of: QueueOf
  base: Sha
  baseTree: Sha
}

/** Handler of the `advance-merge-queue` queue. Run twice, it does nothing the second time. */
export async function advanceMergeQueue(context: PullRequestContext, of: QueueOf): Promise<void> {
  const repo = await getRepository(context.store.db, of.repositoryId)
  if (!repo || repo.state === 'gone') return
  if ((await queueView(context.store, of)).waiting.length === 0) return
  const control = await context.control(repo)
  try {
    await refreshSettings(context.store, repo, control)
  } catch (error) {
    if (error instanceof BaseBranchDeleted) return
    throw error
  }
  const base = await control.remoteHead(validBranch(of.baseBranch))
  const baseTree = base && (await control.treeOf(base))
  if (!base || !baseTree) return
  const here = { context, repo, control, of, base, baseTree }
  for (let steps = 0; steps < mostSteps; steps++) {
    const view = await queueView(context.store, of)
    if (view.busy || view.waiting.length === 0 || !(await takeStep(here, view))) return
  }
}

/** @returns whether another step can follow at once. */
async function takeStep(here: Here, view: QueueView): Promise<boolean> {
  const proved = provedMember(here, view)
  if (proved) {
    await here.context.store.queues.send({ queue: 'merge-pull-request', pullRequestId: proved.id, turn: true })
    return false
  }
  const most = settingsOf(here.repo).merge.batch
  const wanted = nextGroup(
    view.waiting.map(({ id }) => id),
    { merged: view.merged, tested: view.tested, most },
  )
  const group = wanted.flatMap((id) => view.waiting.filter((one) => one.id === id))
  return tryGroup(here, view, group)
}

/** The pull request that a batch which has passed says is next, when the base is exactly what was tested. */
function provedMember({ baseTree }: Here, { batches, waiting }: QueueView): Waiting | undefined {
  for (const batch of batches.filter(({ state }) => state === 'passed')) {
    const trees = batch.members.map(({ tree }) => tree)
    const at = nextMember(trees, batch.baseTree, baseTree)
    const member = at === undefined ? undefined : batch.members[at]
    const next = waiting.find(({ id, sha: head }) => id === member?.pullRequestId && head === member.sha)
    if (next) return next
  }
  return undefined
}

async function tryGroup(here: Here, view: QueueView, group: Waiting[]): Promise<boolean> {
  const { context, control, base, baseTree, of, repo } = here
  const author = await context.github.author(repo)
  for (const one of group) await requireCommit(control, sha(one.sha), validBranch(one.item.branch))
  const { stacked } = await control.stack(
    base,
    group.map((one) => sha(one.sha)),
    author,
  )
  const members = stacked.flatMap(({ head, commit, tree }) => {
    const one = group.find((other) => other.sha === head)
    return one ? [{ pullRequestId: one.id, sha: head, commit, tree }] : []
  })
  const [first] = group
  if (members.length === 0) return first ? conflicts(here, first) : false
  const batch = { ...of, baseSha: base, baseTree, members }
  const known = await verdictOf(here, view, members)
  if (known?.state === 'failed' && members.length === 1 && first) return broken(here, first, known.log)
  const last = members.at(-1)
  if (!known && last) await control.share(sha(last.commit))
  await context.store.transaction(async (tx) => {
    if (known) return void (await addBatch(tx, { ...batch, ...known }))
    // A merge that ended since the base was read: what is stacked on the old one would be tested for nothing.
    const now = await getRepository(tx.db, repo.id)
    if (now?.remoteRevision !== repo.remoteRevision) return tx.enqueue({ queue: 'advance-merge-queue', ...of })
    const { id } = await addBatch(tx, batch)
    await tx.enqueue({ queue: 'test-merge-batch', batchId: id })
    for (const one of group) {
      const others = group.filter((other) => other !== one).map(({ pull }) => pull.number)
      await explain(tx, one.item, batchIsTested(of.baseBranch, others))
    }
  })
  return known !== undefined
}

/** What is known without a test: the very same files were tested, or the gates of the pull request had all of the base. */
async function verdictOf(
  { control, base, repo }: Here,
  { batches }: QueueView,
  members: readonly BatchMember[],
): Promise<Pick<BatchRow, 'state' | 'log'> | undefined> {
  const tree = members.at(-1)?.tree
  const same = batches.find(
    (one) => one.state !== 'testing' && one.state !== 'void' && one.members.at(-1)?.tree === tree,
  )
  if (same) return { state: same.state, log: same.log }
  const [only, ...others] = members
  const judged = others.length === 0 && only && (await control.isAncestor(base, sha(only.sha)))
  return judged || settingsOf(repo).gates.commands.length === 0 ? { state: 'passed', log: '' } : undefined
}

/** It does not merge with the base: git or its agent brings it up to date. */
async function conflicts({ context }: Here, { pull }: Waiting): Promise<boolean> {
  await context.store.transaction(async (tx) => {
    await giveUpPlace(tx, pull)
    await tx.enqueue({ queue: 'update-branch', pullRequestId: pull.id })
  })
  return true
}

async function broken({ context }: Here, { pull }: Waiting, log: string): Promise<boolean> {
  await context.store.transaction((tx) => rejectFromQueue(tx, pull, log))
  return true
}

export const advanceMergeQueueJob = defineJob(
  {
    queue: 'advance-merge-queue',
    payload: z.object({ repositoryId: z.number().int(), baseBranch: z.string() }),
    batch: 1,
  },
  advanceMergeQueue,
)
