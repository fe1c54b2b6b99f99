/** Labels of which an issue carries one of a family, such as `priority:`: the command, the label and our row agree. */

import { eq } from 'drizzle-orm'
import { enqueueEffect } from '../../db/outbox.ts'
import { workItems } from '../../db/schema/work-items.ts'
import type { ItemRow } from '../../db/work-items.ts'
import type { CommandContext } from '../command.ts'

/**
 * Sets the label of a family on the issue, and what our row says of it.
 * @param family with its colon.
 * @param set the same for the row; an issue without an item gets the label alone, and counts when it is queued.
 */
export async function setScopedLabel(
  { tx, repo, issue, item }: CommandContext,
  family: 'priority:' | 'effort:',
  value: string,
  set: Partial<Pick<ItemRow, 'priority' | 'effort'>>,
): Promise<void> {
  const issueNumber = item?.issueNumber ?? issue.number
  const label = `${family}${value}`
  const target = { repositoryId: repo.id, workItemId: item?.id, key: `family:${repo.id}#${issueNumber}:${family}` }
  await enqueueEffect(tx, target, { kind: 'scoped-label', payload: { issueNumber, family, label } }, { again: true })
  if (!item) return
  const labels = [...item.labels.filter((one) => !one.toLowerCase().startsWith(family)), label]
  await tx.db
    .update(workItems)
    .set({ ...set, labels })
    .where(eq(workItems.id, item.id))
  await tx.enqueue({ queue: 'schedule' })
}
