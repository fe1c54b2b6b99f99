/** A person edited the comment that shows a plan. The edited text is the plan, when they have write access. */

import { appendAudit } from '../db/audit-log.ts'
import type { Tx } from '../db/connect.ts'
import { lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import { effectsOf } from '../db/outbox.ts'
import { planKey } from '../db/plan-comment.ts'
import { getPlan, latestPlan, type PlanRow, rewritePlan } from '../db/plans.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { replyOnItem } from '../db/status-comment.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PlanEdited } from '../domain/events.ts'
import { mayWrite } from '../github/permissions.ts'
import * as messages from '../messages/planning.ts'
import { rewrittenPlan } from '../messages/plans.ts'
import type { Services } from '../work-items/services.ts'

/** Acts on an edited plan. GitHub lets only people with write access edit it; the permission is checked once more. */
export async function onPlanEdited(services: Services, event: PlanEdited): Promise<EventOutcome> {
  const { db } = services.store
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  const plan = await getPlan(db, event.planId)
  const [effect] = plan ? await effectsOf(db, [planKey(plan.id)]) : []
  // Anyone can copy the marker into a comment: only the comment that we created counts.
  if (!repo || !plan || effect?.repositoryId !== repo.id || effect.result?.commentId !== event.commentId)
    return ignored('it is not the comment of a plan')
  const subject = `plan-text:${plan.id}`
  const newest = await lastEventTime(db, subject)
  if (event.at && newest && newest > event.at) return ignored('older than what is known of the plan')
  if (!(await mayWrite(services, repo, event.sender))) return ignored(`${event.sender.login} may not change a plan`)
  return services.store.transaction(async (tx) => {
    const item = await lockItem(tx, plan.workItemId)
    if (!item) return ignored('its item is gone')
    if (event.at) await recordEventTime(tx, subject, event.at)
    const reply = await applyEdit(tx, item, plan, event)
    await replyOnItem(tx, item, reply)
    await appendAudit(tx, {
      repositoryId: repo.id,
      workItemId: item.id,
      actor: event.sender.login,
      what: 'edited the plan',
      detail: { actorId: event.sender.id, plan: plan.id, reply },
    })
    return done('the plan was edited')
  })
}

/** @returns the reply. */
async function applyEdit(tx: Tx, item: ItemRow, plan: PlanRow, { sender, body }: PlanEdited): Promise<string> {
  const newest = await latestPlan(tx.db, item.id)
  const open = item.state === 'plan-review' || (item.state === 'ready' && item.kind === 'task')
  // The issues of a breakdown are read from the agent's submission, not from text.
  if (plan.kind === 'breakdown') return messages.breakdownRewritten(sender.login)
  if (!open || newest?.id !== plan.id || plan.state === 'rejected') return messages.planRewrittenLate(sender.login)
  const text = rewrittenPlan(body)
  if (text === '') return messages.planEmpty(sender.login)
  await rewritePlan(tx, plan, text)
  return messages.planRewritten(sender.login)
}
