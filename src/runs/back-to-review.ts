/** A round that an agent's review has begun, and that comes to nothing: people go on to review the commit as it was. */

import type { Tx } from '../db/connect.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { hasWaitingCall, wasHandedSince } from '../db/review-comments.ts'
import { agentReviewsOf, type RunRow } from '../db/runs.ts'
import { type ItemRow, notifyReviewers, transition } from '../db/work-items.ts'
import { wasSentBack } from '../domain/agent-review.ts'
import { mendedNothing } from '../messages/agent-review.ts'

/**
 * Returns an item to review whose agent has changed nothing, or could not, after another agent's review alone had sent it
 * back. What an agent has found holds no pull request that has passed the gates.
 * @param run the attempt that has ended. @param item as it was read in this transaction.
 * @returns false where a person has asked for something meanwhile, or the commit is another one: then the ladder goes on.
 */
export async function returnToReview(tx: Tx, run: RunRow, item: ItemRow): Promise<boolean> {
  const pull = await pullOfItem(tx.db, item.id)
  const review = (await agentReviewsOf(tx.db, item.id)).findLast(wasSentBack)
  if (item.state !== 'running' || !review || pull?.state !== 'open') return false
  if (review.headSha !== pull.headSha || item.headSha !== pull.headSha) return false
  if ((await hasWaitingCall(tx.db, pull.id)) || (await wasHandedSince(tx.db, pull.id, review.id))) return false
  const by = { actor: 'tutti', why: mendedNothing(run, pull.number) }
  const judged = await transition(tx, item, 'checking', by)
  await notifyReviewers(tx, await transition(tx, judged, 'reviewing', by))
  return true
}
