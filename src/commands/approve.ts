import { z } from 'zod'
import { approvePlan, digestOf, dropPlan, latestPlan, type PlanRow } from '../db/plans.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { contentOf } from '../domain/plan.ts'
import { issuesOf } from '../messages/plans.ts'
import { startBreakdown } from '../planning/breakdown.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { goAhead, notNow, plannedItem, waitsForGo } from './lib/planning.ts'
import { typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'approve',
  summary: 'Says yes to the plan of this issue; text after it is added to the plan',
  examples: ['/approve', '/approve and keep the old name as an alias'],
  args: z.strictObject({
    also: z.string().max(20_000).optional().describe('What to add to the plan; it outranks the plan'),
  }),
  words: [],
  text: 'also',
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, { also = '' }): Promise<Reply> {
    const item = plannedItem(context)
    if (waitsForGo(item)) return { text: `Yes, then. ${await goAhead(context, item)}`, outcome: 'done' }
    const plan = await latestPlan(context.tx.db, item.id)
    if (item.state === 'plan-review' && plan) return decide(context, item, plan, also)
    if (item.state === 'ready' && item.kind === 'task' && plan?.state === 'approved')
      return add(context, item, plan, also)
    return notNow(context, item, 'There is no plan here that waits for a word.')
  },
})

async function decide(context: CommandContext, item: ItemRow, plan: PlanRow, also: string): Promise<Reply> {
  const { tx, actor, issue, settings } = context
  if (plan.state === 'pending' && digestOf(issue) !== plan.textDigest) {
    // The edit may not have been told yet; whoever approves may not have seen it.
    await dropPlan(tx, plan, 'void', { why: 'The text of the issue was changed.' })
    const text = `The text of this issue was changed after the plan was made. ${typed(context, 'approve')} once more keeps to the plan and the old text, ${typed(context, 'plan')} has the new text planned.`
    return { text, outcome: 'refused' }
  }
  const content = contentOf(plan)
  const set = await approvePlan(tx, item, plan, { ...actor, amendment: also })
  if (content.kind === 'breakdown') {
    const issues = issuesOf(content, item.issueNumber, settings.label)
    await startBreakdown(tx, item, plan, issues, actor.login)
    return {
      text: `Approved. ${issues.length} issues are being made of it; this one shows how they get on.`,
      outcome: 'done',
    }
  }
  await transition(tx, item, 'ready', { actor: actor.login, why: `The plan was approved by ${actor.login}.`, set })
  const added = also ? ' What you added is part of the plan and outranks it.' : ''
  return { text: `Approved.${added} It starts as soon as an agent is free.`, outcome: 'done' }
}

/** Approved before, and not begun: more can still be added. */
async function add({ tx, actor }: CommandContext, item: ItemRow, plan: PlanRow, also: string): Promise<Reply> {
  const by = plan.decidedBy ? ` by ${plan.decidedBy}` : ''
  if (!also || plan.amendment.includes(also)) return { text: `The plan is approved already${by}.`, outcome: 'done' }
  const amendment = [plan.amendment, also].filter(Boolean).join('\n\n')
  await approvePlan(tx, item, plan, { ...actor, amendment })
  return { text: `The plan was approved already${by}; what you said now is added to it.`, outcome: 'done' }
}
