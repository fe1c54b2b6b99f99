import { z } from 'zod'
import { plannableStates, replan } from '../db/plans.ts'
import { runsOf } from '../db/runs.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { routeWithPlan } from '../domain/choose-workflow.ts'
import { labelFacts } from '../domain/labels.ts'
import { UserError } from '../lib/errors.ts'
import { issueIsClosed } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/plans.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { routeWhenQueued } from './lib/planning.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'plan',
  summary: 'Has an agent plan this issue first, with its text as it is now; again: once more',
  examples: ['/plan'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context): Promise<Reply> {
    const { tx, item, actor } = context
    const issue = theIssue(context)
    if (issue.state === 'closed') throw new UserError(...issueIsClosed)
    if (item?.kind === 'epic') throw new UserError(...messages.epicIsNotPlanned)
    const routing = routeWithPlan({ ...issue, effort: labelFacts(issue.labels).effort }, actor.login)
    if (item && (plannableStates as readonly string[]).includes(item.state)) {
      const why = messages.wantsPlan(actor.login)
      await replan(tx, item, { by: actor, why, set: { title: issue.title, body: issue.body, routing } })
      return { text: messages.isPlanned(item.state !== 'ready'), outcome: 'done' }
    }
    if (item && !['queued', 'held', 'skipped', 'cancelled', 'done'].includes(item.state))
      throw new UserError(...messages.tooLateForPlan(await statusSentence(context, item)))
    const queued = item?.state === 'queued' ? item : await queue(context, item)
    await routeWhenQueued(context, queued, routing)
    const paused = context.repo.state === 'paused'
    return { text: messages.queuedForPlan(paused, context.settings.prefix), outcome: 'done' }
  },
})

async function queue(context: CommandContext, item: ItemRow | undefined): Promise<ItemRow> {
  const { tx, repo, settings, actor } = context
  const issue = theIssue(context)
  const runs = item ? await runsOf(tx.db, item.id) : []
  const queued = await enqueueIssue(tx, { repo, settings, issue, actor, lastRunId: runs.at(-1)?.id })
  return (await getItem(tx.db, queued.item.id)) ?? queued.item
}
