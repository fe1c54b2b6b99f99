/** Whether a pull request that may be merged goes at once, or waits for its turn in the merge queue. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { joinQueue, leaveQueue, lockQueue, mergingNow, queued, queueEntry } from '../db/merge-queue.ts'
import { getPull, type PullRow } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { approversOf } from '../db/reviews.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { waitsInQueue } from '../messages/merge-queue.ts'
import type { PullRequestContext } from './context.ts'

interface Candidate {
  repo: RepositoryRow
  item: ItemRow
  pull: PullRow
  turn: boolean
  atOnce: boolean
}

/** Whether the gates have judged the head with all that its base has now, or there is nothing to run. Asks git alone. */
export async function needsNoTest(
  context: PullRequestContext,
  repo: RepositoryRow,
  item: ItemRow,
  pull: PullRow,
): Promise<boolean> {
  const { merge, gates } = settingsOf(repo)
  if (!merge.queue || gates.commands.length === 0) return true
  if (repo.fetchedRevision < repo.remoteRevision) return false
  const control = await context.control(repo)
  const base = await control.remoteHead(validBranch(item.baseBranch))
  if (base === undefined || !(await control.resolve(pull.headSha))) return false
  return control.isAncestor(base, sha(pull.headSha))
}

/**
 * Puts it into the queue before GitHub is asked, where our own records say that it is approved. Whoever was counted
 * wrongly here is found at its turn.
 * @returns whether it waits.
 */
export async function queueFirst({ store }: PullRequestContext, candidate: Candidate): Promise<boolean> {
  const { repo, item, pull } = candidate
  if (pull.heldBy !== null) return false
  const approvers = await approversOf(store.db, pull)
  if (approvers.length < settingsOf(repo).merge.approvals) return false
  return store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    const pullNow = await getPull(tx.db, pull.id)
    if (current?.state !== item.state || pullNow?.headSha !== pull.headSha || pullNow.mergeSha !== pull.mergeSha)
      return true
    return mustQueue(tx, { ...candidate, item: current })
  })
}

/**
 * Puts it into the queue of its base branch, unless it may go at once: alone there, or proved by the queue.
 * @returns whether it waits.
 */
export async function mustQueue(tx: Tx, { repo, item, pull, turn, atOnce }: Candidate): Promise<boolean> {
  if (turn || !settingsOf(repo).merge.queue) return false
  const of = { repositoryId: repo.id, baseBranch: item.baseBranch }
  await lockQueue(tx, of)
  const others = (await queued(tx.db, of)).filter(({ entry }) => entry.pullRequestId !== pull.id)
  if (atOnce && others.length === 0 && (await mergingNow(tx.db, of)) === 0) return false
  await tx.enqueue({ queue: 'advance-merge-queue', ...of })
  const known = await queueEntry(tx.db, pull.id)
  if (known?.sha === pull.headSha) return true
  await joinQueue(tx, { ...of, pullRequestId: pull.id, sha: pull.headSha })
  const why = waitsInQueue(item.baseBranch, others.length + 1, others.length + 1)
  if (item.state !== 'approved') await transition(tx, item, 'approved', { actor: 'tutti', why })
  else await explain(tx, item, why)
  return true
}

/** It may not be merged now: those behind it go on. @returns whether it had a place in the merge queue. */
export async function giveUpPlace(tx: Tx, pull: PullRow): Promise<boolean> {
  if (!(await leaveQueue(tx, pull.id))) return false
  await tx.enqueue({
    queue: 'advance-merge-queue',
    repositoryId: pull.repositoryId,
    baseBranch: pull.baseBranch,
  })
  return true
}

/** Sets the reason of an item that waits. Shown with the next edit: no person waits for this. */
export async function explain(tx: Tx, item: ItemRow, why: string): Promise<void> {
  await tx.db.update(workItems).set({ reason: why }).where(eq(workItems.id, item.id))
  await requestStatusComment(tx, item, 'later')
}
