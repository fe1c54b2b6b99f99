/** The comment that shows a plan. */

import { eq } from 'drizzle-orm'
import { planComment } from '../messages/plans.ts'
import type { Tx } from './connect.ts'
import { enqueueEffect } from './outbox.ts'
import { plans } from './schema/plans.ts'
import { workItems } from './schema/work-items.ts'

/** The key of the comment that shows a plan. */
export const planKey = (planId: number) => `plan:${planId}`

/**
 * Requests the comment of a plan as it is to be read now. Once a person has edited it, it is theirs, and stays as it is.
 * @param asks why a person must approve it; undefined when no approval is needed.
 */
export async function requestPlanComment(tx: Tx, planId: number, asks?: string): Promise<void> {
  const [row] = await tx.db
    .select({ plan: plans, item: workItems })
    .from(plans)
    .innerJoin(workItems, eq(plans.workItemId, workItems.id))
    .where(eq(plans.id, planId))
  if (!row) return
  if (row.plan.rewritten !== '') return
  const { plan, item } = row
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: planKey(plan.id) },
    { kind: 'comment', payload: { issueNumber: item.issueNumber, body: planComment(plan, asks) } },
  )
}
