/** Sets an item aside because of something that happened on GitHub. */

import type { Tx } from '../db/connect.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { requestStop } from '../db/runs.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { isTerminal } from '../domain/lifecycle.ts'

/**
 * Sets an item aside, asks its agent to stop, and cancels a requested merge. An item that is finished, or has that state
 * already, stays as it is.
 * @returns the item as it is afterwards.
 */
export async function setItemAside(
  tx: Tx,
  item: ItemRow,
  to: 'held' | 'cancelled',
  by: { actor: string; why: string },
): Promise<ItemRow> {
  const current = await lockItem(tx, item.id)
  if (!current || isTerminal(current) || current.state === to) return current ?? item
  await requestStop(tx, item.id, by.why)
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.mergeSha) await cancelMergeRequest(tx, pull.id)
  return transition(tx, current, to, by)
}
