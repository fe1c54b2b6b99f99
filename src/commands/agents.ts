import { z } from 'zod'
import { activityOf, agentsAtWork } from '../db/agents.ts'
import { restartsOf } from '../db/restarts.ts'
import { runsOf } from '../db/runs.ts'
import { itemOfIssue, lockItem } from '../db/work-items.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { AgentNotFound } from '../lib/errors.ts'
import * as messages from '../messages/commands/agents.ts'
import { resolveViolations } from '../scheduling/singletons.ts'
import { agentView, listAgents, restartView, violationView } from '../views/agents.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { restartAgent } from './lib/restart-agent.ts'
import { setAside } from './lib/set-aside.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export const command = defineCommand({
  name: 'agents',
  summary: 'Lists the agents at work and their health; restarts or kills one, shows its log',
  examples: [
    '/agents',
    '/agents health',
    '/agents list --kind codex',
    '/agents restart #12',
    '/agents kill',
    '/agents log',
  ],
  args: z.strictObject({
    what: z
      .enum(['list', 'health', 'restart', 'kill', 'log'])
      .optional()
      .describe('`list`, `health` with the restarts of the last day, or one of `restart`, `kill` and `log`'),
    issue: z
      .string()
      .regex(/^#?\d{1,9}$/, 'must be an issue of this repository, such as #12')
      .optional()
      .describe('The issue whose agent is meant; this one if not given'),
    kind: z.string().max(50).optional().describe('Only agents of this kind'),
  }),
  positional: ['what', 'issue'],
  result: z.object({
    agents: z.array(agentView),
    restarts: z.array(restartView).describe('Those of the last day'),
    violations: z
      .array(violationView)
      .describe('Where more agents were at work than may be, and what was done about it'),
  }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { what = 'list', issue, kind }): Promise<Reply> {
    if (what === 'list' || what === 'health') return report(context, what, kind)
    const item = await itemMeant(context, issue)
    if (what === 'log') return { ...(await showLog(context, item)), data: await agentsNow(context) }
    const live = (await agentsAtWork(context.tx.db, context.repo.id)).find((one) => one.item.id === item.id)
    if (!live) throw new AgentNotFound(`#${item.issueNumber}`, messages.howToSeeAgents(context.settings.prefix))
    if (what === 'restart')
      return { text: await restartAgent(context, live), outcome: 'done', data: await agentsNow(context) }
    await setAside(context, item, { to: 'paused', verb: 'Killed' })
    return { text: messages.killed(live, context.settings.prefix), outcome: 'done', data: await agentsNow(context) }
  },
})

async function report(context: CommandContext, what: 'list' | 'health', kind: string | undefined): Promise<Reply> {
  const violations = await resolveViolations(context.tx, context.repo, context.settings)
  const { text, data } = await healthOf(context, what, kind)
  const found = messages.violationsText(violations)
  return { text: [text, found].filter(Boolean).join('\n\n'), outcome: 'done', data: { ...data, violations } }
}

async function healthOf({ tx, repo }: CommandContext, what: 'list' | 'health', kind: string | undefined) {
  const all = await agentsAtWork(tx.db, repo.id)
  const shown = kind === undefined ? all : all.filter(({ run }) => run.agent === kind)
  const agents = await listAgents(tx.db, repo.id, { active: true, kind })
  const since = new Date(currentMs() - dayMs)
  const filter = kind === undefined ? {} : { agent: kind }
  const restarted = await restartsOf(tx.db, repo.id, since, { limit: 10, ...filter })
  const restarts = restarted.map(({ createdAt, ...one }) => ({ ...one, at: createdAt.toISOString() }))
  const data = { agents, restarts }
  if (what === 'list') return { text: messages.agentList(shown, kind, currentTime()), data }
  const activity = await activityOf(tx.db, repo.id, since)
  const own = kind === undefined ? activity : activity.filter(({ agent }) => agent === kind)
  return { text: messages.agentHealth(shown, restarted, own), data }
}

async function agentsNow(context: CommandContext): Promise<Record<string, unknown>> {
  return { ...(await healthOf(context, 'list', undefined)).data, violations: [] }
}

async function itemMeant({ tx, repo, item, settings }: CommandContext, issue: string | undefined) {
  const number = issue === undefined ? undefined : Number(issue.replace('#', ''))
  if (number === undefined) {
    if (item) return item
    throw new AgentNotFound('this issue', messages.howToSeeAgents(settings.prefix))
  }
  const named = await itemOfIssue(tx.db, repo.id, number)
  const locked = named && (await lockItem(tx, named.id))
  if (!locked) throw new AgentNotFound(`#${number}`, messages.howToSeeAgents(settings.prefix))
  return locked
}

async function showLog({ tx }: CommandContext, item: { id: number; issueNumber: number }): Promise<Reply> {
  const last = (await runsOf(tx.db, item.id)).filter(isAgentRun).at(-1)
  if (!last) return { text: messages.noAttemptYet(item.issueNumber), outcome: 'done' }
  return { text: messages.agentLog(item.issueNumber, last), outcome: 'done' }
}
