/** Labels that say how urgent and how big an issue is. */

import { eq } from 'drizzle-orm'
import { hear, heardAt } from '../db/idempotency-keys.ts'
import { workItems } from '../db/schema/core.ts'
import { announce, itemOfIssue, type SystemRow } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueMoved } from '../domain/events.ts'
import { labelFacts } from '../domain/labels.ts'
import { isFinished } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import type { Services } from './services.ts'

/** Acts on a label other than the one that queues: priority and effort count for the scheduler. */
export async function sizeItem(
  parts: Services,
  fact: IssueMoved,
  system: SystemRow | undefined,
): Promise<EventOutcome> {
  const { issue, sender, at } = fact
  const item = system && (await itemOfIssue(parts.store.db, system.id, issue.number))
  if (!system || !item || isFinished(item)) return ignored('the label means nothing here')
  const { priority, effort } = labelFacts(issue.labels)
  if (priority === item.priority && effort === item.effort) return ignored('the label changes nothing')
  const subject = `size:${system.id}#${issue.number}`
  const newest = await heardAt(parts.store.db, subject)
  if (at && newest && newest > at) return ignored('older than what is known of its labels')
  if (!(await mayWrite(parts, system, sender))) return ignored(`${sender.login} may not write here`)
  await parts.store.transaction(async (tx) => {
    if (at) await hear(tx, subject, at)
    await tx.db.update(workItems).set({ priority, effort }).where(eq(workItems.id, item.id))
    await tx.enqueue({ queue: 'schedule' })
    await announce(tx, item, 'later')
  })
  return done(`priority ${priority}, effort ${effort ?? 'unknown'}`)
}
