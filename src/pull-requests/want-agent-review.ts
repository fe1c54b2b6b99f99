/** Has an agent review a new head of a pull request, where the settings want it. */

import type { Settings } from '../config/settings.ts'
import { updateThatMade } from '../db/branch-updates.ts'
import type { Tx } from '../db/connect.ts'
import { agentReviewsOf } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'

/** A branch gets its base so often at most, for the question of what was reviewed. */
const mostUpdates = 50

/**
 * Queues the review of a head that has passed the gates. A head that git alone has made, of a reviewed one and its base,
 * has nothing new to review.
 */
export async function wantAgentReview(tx: Tx, item: ItemRow, { roles }: Settings, sha: string): Promise<void> {
  if (!roles?.reviewer || (await isReviewed(tx, item, sha))) return
  await tx.enqueue({ queue: 'start-review', workItemId: item.id, sha })
}

/** Whether an agent has reviewed this head, or the one that git has made it from. */
async function isReviewed(tx: Tx, item: ItemRow, sha: string): Promise<boolean> {
  const done = (await agentReviewsOf(tx.db, item.id)).filter(({ outcome }) => outcome === 'reviewed')
  const reviewed = new Set(done.map(({ headSha }) => headSha))
  let head = sha
  for (let at = 0; reviewed.size > 0 && at < mostUpdates; at++) {
    if (reviewed.has(head)) return true
    const update = await updateThatMade(tx.db, head)
    if (!update) return false
    head = update.fromSha
  }
  return false
}
