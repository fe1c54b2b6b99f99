/** A pull request goes back to an agent, because someone with write access asks for something. */

import type { Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { type ItemRow, lockItem, notifyReviewers, transition } from '../db/work-items.ts'
import { withdrawMerge } from './withdraw-merge.ts'

/** The states in which a pull request can go back to an agent at once. In any other, the next attempt reads what was asked. */
const states: readonly ItemRow['state'][] = ['checking', 'reviewing', 'approved']

/**
 * Sends an item back to an agent, voids a `/merge`, and takes back a merge that is not published yet.
 * @returns whether it goes back now.
 */
export async function sendBack(
  tx: Tx,
  pull: PullRow,
  item: ItemRow,
  by: { actor: string; why: string },
): Promise<boolean> {
  await cancelMergeRequest(tx, pull.id)
  const withdrawn = await withdrawMerge(tx, pull, by.actor)
  const now = (withdrawn && (await lockItem(tx, item.id))) || item
  if (!states.includes(now.state)) return false
  await notifyReviewers(tx, await transition(tx, now, 'ready', by))
  return true
}
