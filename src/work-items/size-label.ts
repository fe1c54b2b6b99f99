/** Labels that say how urgent and how big an issue is. */

import { eq } from 'drizzle-orm'
import { lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { itemOfIssue } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueChanged } from '../domain/events.ts'
import { labelFacts } from '../domain/labels.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import type { Services } from './services.ts'

/** Acts on a label that does not queue: priority and effort count for the scheduler. */
export async function applySizeLabels(
  services: Services,
  event: IssueChanged,
  repo: RepositoryRow | undefined,
): Promise<EventOutcome> {
  const { issue, sender, at } = event
  const item = repo && (await itemOfIssue(services.store.db, repo.id, issue.number))
  if (!repo || !item || isTerminal(item)) return ignored('the label means nothing here')
  const { priority, effort } = labelFacts(issue.labels)
  if (priority === item.priority && effort === item.effort) return ignored('the label changes nothing')
  const subject = `size:${repo.id}#${issue.number}`
  const newest = await lastEventTime(services.store.db, subject)
  if (at && newest && newest > at) return ignored('older than what is known of its labels')
  if (!(await mayWrite(services, repo, sender))) return ignored(`${sender.login} may not write here`)
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subject, at)
    await tx.db.update(workItems).set({ priority, effort }).where(eq(workItems.id, item.id))
    await tx.enqueue({ queue: 'schedule' })
    await requestStatusComment(tx, item, 'later')
  })
  return done(`priority ${priority}, effort ${effort ?? 'unknown'}`)
}
