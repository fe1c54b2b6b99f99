import { z } from 'zod'
import { dropPlan, latestPlan, resetRounds } from '../db/plans.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { waitsForGo } from '../domain/choose-workflow.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/plans.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { notNow, plannedItem } from './lib/planning.ts'
import { setAside } from './lib/set-aside.ts'

export const command = defineCommand({
  name: 'reject',
  summary: 'Says no to the plan and why, so that it is planned again; --drop gives it up',
  examples: ['/reject the old files must stay', '/reject --drop'],
  args: z.strictObject({
    drop: z.boolean().optional().describe('Gives the issue up instead of having it planned again'),
    why: z.string().max(20_000).optional().describe('What is wrong with the plan'),
  }),
  positional: [],
  text: 'why',
  permission: 'write',
  where: 'issue',
  reads: false,
  destructive: true,
  async run(context, { drop = false, why = '' }): Promise<Reply> {
    const item = plannedItem(context)
    if (waitsForGo(item)) return giveUp(context, item)
    const plan = await latestPlan(context.tx.db, item.id)
    const open =
      item.state === 'plan-review' || (item.state === 'ready' && item.kind === 'task' && plan?.state === 'approved')
    if (!plan || !open) return notNow(context, item, messages.noPlanToReject)
    const { tx, actor, settings } = context
    if (!drop && !why) throw new UserError(...messages.reasonMissing(settings.prefix))
    await dropPlan(tx, plan, 'rejected', { by: actor, why })
    if (drop) return giveUp(context, item)
    const reason = messages.planRejectedBy(actor.login, why)
    const set = await resetRounds(tx.db, item.id)
    await transition(tx, item, 'planning', { actor: actor.login, why: reason, set })
    return { text: messages.planRejectedReply, outcome: 'done' }
  },
})

async function giveUp(context: CommandContext, item: ItemRow): Promise<Reply> {
  await setAside(context, item, { to: 'cancelled', verb: 'Rejected' })
  return { text: messages.rejectedAndDropped(context.settings.prefix), outcome: 'done' }
}
