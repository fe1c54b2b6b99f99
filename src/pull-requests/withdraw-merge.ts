/** Takes back a merge that was decided on and is not published yet. */

import type { Tx } from '../db/connect.ts'
import { cancelEffect } from '../db/outbox.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { getItem, transition } from '../db/work-items.ts'
import { reviewWithdrawn } from '../messages/merging.ts'

/** The key of the merge of exactly this head. */
export function mergeKey(pull: Pick<PullRow, 'id' | 'headSha'>): string {
  return `merge:${pull.id}:${pull.headSha}`
}

/**
 * What the decision was made on is no longer so, such as a review: the merge is decided once more. One that is being
 * published at this very moment cannot be taken back; GitHub's own rules judge it.
 */
export async function withdrawMerge(tx: Tx, pull: PullRow, actor: string): Promise<boolean> {
  const item = await getItem(tx.db, pull.workItemId)
  if (item?.state !== 'merging' || !(await cancelEffect(tx, mergeKey(pull)))) return false
  await transition(tx, item, 'reviewing', { actor, why: reviewWithdrawn })
  await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
  return true
}
