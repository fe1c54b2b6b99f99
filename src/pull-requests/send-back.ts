/** A pull request goes back to an agent, because somebody with write access asks for something. */

import type { Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { type ItemRow, tellReviewers, transition } from '../db/work-items.ts'

/** The states in which a pull request can go back to an agent at once. In any other, the next attempt reads what was asked. */
const states: readonly ItemRow['state'][] = ['checking', 'reviewing', 'approved']

/**
 * Sends an item back to an agent, and voids a `/merge`.
 * @returns whether it goes back now.
 */
export async function sendBack(
  tx: Tx,
  pull: PullRow,
  item: ItemRow,
  by: { actor: string; why: string },
): Promise<boolean> {
  await cancelMergeRequest(tx, pull.id)
  if (!states.includes(item.state)) return false
  await tellReviewers(tx, await transition(tx, item, 'ready', by))
  return true
}
