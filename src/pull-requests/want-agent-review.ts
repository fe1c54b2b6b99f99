/** Has an agent review a new head of a pull request, where the settings want it. */

import type { Settings } from '../config/settings.ts'
import { updateThatMade } from '../db/branch-updates.ts'
import type { Tx } from '../db/connect.ts'
import { agentReviewsOf } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'

/**
 * Queues the review of a head that has passed the gates. A head that git alone has made, of a reviewed one and its base,
 * has nothing new to review.
 */
export async function wantAgentReview(tx: Tx, item: ItemRow, { roles }: Settings, sha: string): Promise<void> {
  if (!roles?.reviewer) return
  const update = await updateThatMade(tx.db, sha)
  const reviewed = (await agentReviewsOf(tx.db, item.id)).filter(({ outcome }) => outcome === 'reviewed')
  if (update && reviewed.length > 0) return
  await tx.enqueue({ queue: 'start-review', workItemId: item.id, sha })
}
