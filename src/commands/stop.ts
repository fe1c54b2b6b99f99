import { z } from 'zod'
import { agentsAtWork } from '../db/agents.ts'
import { cancelSideRuns, isReview, isSideRun, liveRun, requestStop } from '../db/runs.ts'
import { type ItemRow, itemsInStates, lockItem } from '../db/work-items.ts'
import { activeStates, isTerminal } from '../domain/lifecycle.ts'
import { UserError } from '../lib/errors.ts'
import { nothingToDo } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'stop',
  summary: 'Stops the agent now and pauses the issue; --all stops every agent here',
  examples: ['/stop', '/stop --graceful', '/stop --all --graceful'],
  args: z.strictObject({
    all: z.boolean().optional().describe('Every agent of this repository'),
    graceful: z.boolean().optional().describe('Each agent first finishes the operation that it is in'),
  }),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context, { all, graceful: gracefully = false }): Promise<Reply> {
    if (all) return stopAll(context, gracefully)
    const { item } = context
    if (!item) throw new UserError(...messages.noAgentHere())
    if (item.state === 'paused') return { text: nothingToDo(await statusSentence(context, item)), outcome: 'done' }
    if (item.state === 'held' || isTerminal(item)) return stopLeftOver(context, item)
    // Without an agent it is paused all the same: one may start at this moment.
    const { run, openPull } = await setAside(context, item, { to: 'paused', verb: 'Stopped', gracefully })
    const { prefix } = context.settings
    const working = run !== undefined || activeStates.includes(item.state)
    const text = working ? messages.stoppingReply(run, prefix) : messages.pausedBeforeStart(openPull, prefix)
    return { text, outcome: 'done' }
  },
})

/** An item that stands aside has an agent only while it is being ended, or when a job failed beside it. */
async function stopLeftOver(context: CommandContext, item: ItemRow): Promise<Reply> {
  const { tx, actor } = context
  const run = await liveRun(tx.db, item.id)
  const status = await statusSentence(context, item)
  if (!run) throw new UserError(...messages.noAgentHere(status))
  await requestStop(tx, item.id, messages.stoppedBy('Stopped', actor.login))
  return { text: messages.stoppingLeftOver(run, status), outcome: 'done' }
}

/** Whether an agent is building or planning, or its commit is being checked. */
async function hasAgent({ tx }: CommandContext, item: ItemRow): Promise<boolean> {
  return (
    activeStates.includes(item.state) || (item.state === 'planning' && (await liveRun(tx.db, item.id)) !== undefined)
  )
}

async function stopAll(context: CommandContext, gracefully: boolean): Promise<Reply> {
  const stopped: ItemRow[] = []
  for (const { id, repositoryId } of await itemsInStates(context.tx.db, [...activeStates, 'planning'])) {
    const item = repositoryId === context.repo.id ? await lockItem(context.tx, id) : undefined
    if (!item || !(await hasAgent(context, item))) continue
    await setAside(context, item, { to: 'paused', verb: 'Stopped', gracefully })
    stopped.push(item)
  }
  const [reviewed, proposing] = await stopSideRuns(context)
  const names = stopped.map((item) => `#${item.issueNumber}`)
  const parts = [
    names.length > 0 && messages.stoppingAllReply(names, context.settings.prefix),
    reviewed.length > 0 && messages.stoppingReviews(reviewed),
    proposing.length > 0 && messages.stoppingProposals(proposing),
  ]
  return { text: parts.filter(Boolean).join('\n\n') || messages.noAgentInRepository, outcome: 'done' }
}

/** Stops the agents that review or propose. Their items go on as before. @returns the names of the issues, of each. */
async function stopSideRuns({ tx, repo, actor }: CommandContext): Promise<[string[], string[]]> {
  const sideRuns = (await agentsAtWork(tx.db, repo.id)).filter(({ run }) => isSideRun(run) && !run.stop)
  for (const { item } of sideRuns) await cancelSideRuns(tx, item.id, messages.stoppedBy('Stopped', actor.login))
  const names = (some: typeof sideRuns) => some.map(({ item }) => `#${item.issueNumber}`)
  return [names(sideRuns.filter(({ run }) => isReview(run))), names(sideRuns.filter(({ run }) => !isReview(run)))]
}
