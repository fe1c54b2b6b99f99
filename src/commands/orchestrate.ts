import { z } from 'zod'
import { runsOf } from '../db/runs.ts'
import { getItem, type ItemRow, transition } from '../db/work-items.ts'
import { chooseWorkflow, type Routing } from '../domain/choose-workflow.ts'
import { labelFacts } from '../domain/labels.ts'
import { UserError } from '../lib/errors.ts'
import { alreadyUnderWay, issueIsClosed } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/plans.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { createIssueForGoal } from './lib/goal-issue.ts'
import { routeWhenQueued } from './lib/planning.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'orchestrate',
  summary: 'Shows how an issue or a goal would be worked on, and asks before it is',
  examples: ['/orchestrate build', '/orchestrate build "Let people export their notes as PDF"'],
  args: z.strictObject({
    what: z.literal('build', 'must be `build`').describe('What to do: build'),
    new: z.boolean().optional().describe('An issue is made of the goal, even where others are alike'),
    goal: z.string().max(20_000).optional().describe('What is wanted; without one, what this issue says'),
  }),
  positional: ['what'],
  text: 'goal',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { goal, new: fresh = false }): Promise<Reply> {
    if (goal) return { text: await createIssueForGoal(context, goal, { explicit: true, fresh }), outcome: 'done' }
    const { item, settings } = context
    const issue = theIssue(context)
    if (issue.isPullRequest) throw new UserError(...messages.pullRequestIsBuilt(settings.prefix))
    if (issue.state === 'closed') throw new UserError(...issueIsClosed)
    if (item?.kind === 'epic') throw new UserError(...messages.epicIsNotBuilt(await statusSentence(context, item)))
    const routing: Routing = {
      ...chooseWorkflow({ ...issue, effort: labelFacts(issue.labels).effort }),
      mode: 'explicit',
    }
    if (item && !['queued', 'ready', 'held', 'skipped', 'cancelled', 'done'].includes(item.state))
      return { text: alreadyUnderWay(await statusSentence(context, item)), outcome: 'done' }
    await routeWhenQueued(context, await intoQueue(context, item), routing)
    return { text: messages.previewFollows, outcome: 'done' }
  },
})

/** Queues the item, so that it is routed again. No agent has begun one that is ready. */
async function intoQueue(context: CommandContext, item: ItemRow | undefined): Promise<ItemRow> {
  const { tx, repo, settings, actor } = context
  const issue = theIssue(context)
  if (item?.state === 'queued') return item
  if (item?.state === 'ready')
    return transition(tx, item, 'queued', { actor: actor.login, why: messages.wantsPreview(actor.login) })
  const runs = item ? await runsOf(tx.db, item.id) : []
  const queued = await enqueueIssue(tx, { repo, settings, issue, actor, lastRunId: runs.at(-1)?.id })
  return (await getItem(tx.db, queued.item.id)) ?? queued.item
}
