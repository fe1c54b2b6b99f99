import { z } from 'zod'
import { runsOf } from '../db/runs.ts'
import { getItem, type ItemRow, transition } from '../db/work-items.ts'
import { chooseWorkflow, type Routing } from '../domain/choose-workflow.ts'
import { labelFacts } from '../domain/labels.ts'
import { UserError } from '../lib/errors.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { makeIssueOf } from './lib/goal-issue.ts'
import { routeWhenQueued } from './lib/planning.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'orchestrate',
  summary: 'Shows how an issue or a goal would be worked on, and asks before it is',
  examples: ['/orchestrate build', '/orchestrate build "Let people export their notes as PDF"'],
  args: z.strictObject({
    what: z.literal('build', 'must be `build`').describe('What to do: build'),
    goal: z.string().max(20_000).optional().describe('What is wanted; without one, what this issue says'),
  }),
  words: ['what'],
  text: 'goal',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { goal }): Promise<Reply> {
    if (goal) return { text: await makeIssueOf(context, goal, { explicit: true }), outcome: 'done' }
    const { issue, item } = context
    if (issue.isPullRequest)
      throw new UserError(
        'A pull request is built already.',
        `Say it on an issue, or name a goal: ${typed(context, 'orchestrate build "…"')}.`,
      )
    if (issue.state === 'closed') throw new UserError('This issue is closed.', 'Open it again first.')
    if (item?.kind === 'epic')
      throw new UserError(`This issue is worked on as the issues it is made of. ${await statusSentence(context, item)}`)
    const routing: Routing = {
      ...chooseWorkflow({ ...issue, effort: labelFacts(issue.labels).effort }),
      mode: 'explicit',
    }
    if (item && !['queued', 'ready', 'held', 'skipped', 'cancelled', 'done'].includes(item.state))
      return { text: `It is on its way already. ${await statusSentence(context, item)}`, outcome: 'done' }
    await routeWhenQueued(context, await intoQueue(context, item), routing)
    return {
      text: 'This shows in a moment how it would be worked on; nothing happens before you say yes.',
      outcome: 'done',
    }
  },
})

/** Queued, to be routed anew; one that was ready has not been begun. */
async function intoQueue(context: CommandContext, item: ItemRow | undefined): Promise<ItemRow> {
  const { tx, repo, settings, issue, actor } = context
  if (item?.state === 'queued') return item
  if (item?.state === 'ready')
    return transition(tx, item, 'queued', {
      actor: actor.login,
      why: `${actor.login} wants to see how it would be built.`,
    })
  const runs = item ? await runsOf(tx.db, item.id) : []
  const queued = await enqueueIssue(tx, { repo, settings, issue, actor, lastRunId: runs.at(-1)?.id })
  return (await getItem(tx.db, queued.item.id)) ?? queued.item
}
