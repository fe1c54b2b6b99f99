/** Scoped labels, such as `priority:`: an issue carries one of them. The label and our row are changed together. */

import { eq } from 'drizzle-orm'
import { enqueueEffect } from '../../db/outbox.ts'
import { buildsOf } from '../../db/runs.ts'
import { workItems } from '../../db/schema/work-items.ts'
import { type ItemRow, transition } from '../../db/work-items.ts'
import { isLargeEffort } from '../../lib/effort-hours.ts'
import { labelsChanged } from '../../messages/triage.ts'
import { type CommandContext, theIssue } from '../command.ts'

/**
 * Sets a scoped label on the issue, and the same value in the row of its item.
 * @param scope with its colon.
 * @param set the value for the row. An issue without an item gets the label alone; it counts when the issue is queued.
 */
export async function setScopedLabel(
  context: CommandContext,
  scope: 'priority:' | 'effort:',
  value: string,
  set: Partial<Pick<ItemRow, 'priority' | 'effort'>>,
): Promise<void> {
  const { tx, repo, item, actor } = context
  const issueNumber = item?.issueNumber ?? theIssue(context).number
  const label = `${scope}${value}`
  const target = { repositoryId: repo.id, workItemId: item?.id, key: `family:${repo.id}#${issueNumber}:${scope}` }
  await enqueueEffect(
    tx,
    target,
    { kind: 'scoped-label', payload: { issueNumber, family: scope, label } },
    { again: true },
  )
  if (!item) return
  const labels = [...item.labels.filter((one) => !one.toLowerCase().startsWith(scope)), label]
  const [row = item] = await tx.db
    .update(workItems)
    .set({ ...set, labels })
    .where(eq(workItems.id, item.id))
    .returning()
  const grown = isLargeEffort(set.effort ?? null) && set.effort !== item.effort && item.kind === 'task'
  const again = grown && item.state === 'ready' && (await buildsOf(tx.db, item.id)).length === 0
  // Large work is planned, and a person approves the plan.
  if (again) await transition(tx, row, 'queued', { actor: actor.login, why: labelsChanged(actor.login) })
  else await tx.enqueue({ queue: 'schedule' })
}
