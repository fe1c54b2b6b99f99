import { z } from 'zod'
import { approvePlan, digestOf, dropPlan, latestPlan, type PlanRow } from '../db/plans.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { waitsForGo } from '../domain/choose-workflow.ts'
import { contentOf } from '../domain/plan.ts'
import { plannedIssues } from '../messages/breakdown-issues.ts'
import * as messages from '../messages/commands/plans.ts'
import { startBreakdown } from '../planning/breakdown.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { goAhead, notNow, plannedItem } from './lib/planning.ts'

export const command = defineCommand({
  name: 'approve',
  summary: 'Says yes to the plan of this issue; text after it is added to the plan',
  examples: ['/approve', '/approve and keep the old name as an alias'],
  args: z.strictObject({
    also: z.string().max(20_000).optional().describe('What to add to the plan; it outranks the plan'),
  }),
  positional: [],
  text: 'also',
  permission: 'write',
  where: 'issue',
  reads: false,
  personal: true,
  async run(context, { also = '' }): Promise<Reply> {
    const item = plannedItem(context)
    if (waitsForGo(item)) return { text: messages.goAheadReply(await goAhead(context, item)), outcome: 'done' }
    const plan = await latestPlan(context.tx.db, item.id)
    if (item.state === 'plan-review' && plan) return decide(context, item, plan, also)
    if (item.state === 'ready' && item.kind === 'task' && plan?.state === 'approved')
      return add(context, item, plan, also)
    return notNow(context, item, messages.noPlanToApprove)
  },
})

async function decide(context: CommandContext, item: ItemRow, plan: PlanRow, also: string): Promise<Reply> {
  const { tx, actor, settings } = context
  if (plan.state === 'pending' && digestOf(theIssue(context)) !== plan.textDigest) {
    // The webhook of the edit may still be on its way. The person who approves may not have seen the new text.
    await dropPlan(tx, plan, 'void', { why: messages.textWasChanged })
    return { text: messages.approvedOldText(settings.prefix), outcome: 'refused' }
  }
  const content = contentOf(plan)
  const set = await approvePlan(tx, item, plan, { ...actor, amendment: also })
  if (content.kind === 'breakdown') {
    const issues = plannedIssues(content, item.issueNumber, settings.label)
    await startBreakdown(tx, { item, plan }, issues, actor.login)
    return { text: messages.breakdownApprovedReply, outcome: 'done' }
  }
  await transition(tx, item, 'ready', { actor: actor.login, why: messages.planApprovedBy(actor.login), set })
  return { text: messages.planApprovedReply(also !== ''), outcome: 'done' }
}

/** The plan was approved before, and no agent has begun: a person can still add to it. */
async function add({ tx, actor }: CommandContext, item: ItemRow, plan: PlanRow, also: string): Promise<Reply> {
  if (!also || plan.amendment.includes(also)) return { text: messages.approvedAlready(plan.decidedBy), outcome: 'done' }
  const amendment = [plan.amendment, also].filter(Boolean).join('\n\n')
  await approvePlan(tx, item, plan, { ...actor, amendment })
  return { text: messages.addedToApprovedPlan(plan.decidedBy), outcome: 'done' }
}
