/** A pull request that broke the merge queue goes to the agent that owns its branch, with the log. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { leaveQueue } from '../db/merge-queue.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { buildsOf } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { lockItem, transition } from '../db/work-items.ts'
import { batchLesson, brokeTheBatch } from '../messages/merge-queue.ts'

/** Takes it out of the queue and sends it back. Its attempts count from here. */
export async function rejectFromQueue(tx: Tx, pull: PullRow, log: string): Promise<void> {
  await leaveQueue(tx, pull.id)
  const item = await lockItem(tx, pull.workItemId)
  if (!item || (item.state !== 'approved' && item.state !== 'reviewing')) return
  await cancelMergeRequest(tx, pull.id)
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  if (last)
    await tx.db
      .update(runs)
      .set({ lesson: batchLesson(pull.baseBranch, log) })
      .where(eq(runs.id, last.id))
  const why = brokeTheBatch(pull.baseBranch, log)
  const set = { freshSince: last?.id ?? item.freshSince }
  await requestStatusComment(tx, await transition(tx, item, 'ready', { actor: 'tutti', why, set }), 'now')
}
