import { z } from 'zod'
import { moduleName } from '../config/module-settings.ts'
import { agentView } from '../views/agents.ts'
import { defineCommand, type Reply } from './command.ts'
import { createIssueForGoal } from './lib/goal-issue.ts'
import { mustBeActive, mustBeLoop, readyIn, refuseModule, spawned, spawnFor } from './lib/spawn.ts'

/**
 * Has work in a module started: the most urgent item of it that can start goes before all others. With a `scope` it is
 * the item whose title that is; where there is none, an issue is made of it, and its agent starts once it exists.
 * Whether and when is the scheduler's decision: limits, memory, budgets and files that others hold stay in force.
 */
export const command = defineCommand({
  name: 'spawn-agent',
  summary: 'Has an agent started in a module: on its most urgent item, or on a goal',
  examples: [
    '{"moduleId": "auth"}',
    '{"moduleId": "auth", "loopId": "engineering-loop", "scope": "Implement authentication system"}',
  ],
  slash: false,
  route: { method: 'POST', path: '/orchestration/agents' },
  args: z.strictObject({
    moduleId: moduleName.describe('As the label `module:<name>` names it'),
    loopId: moduleName.optional().describe('A way of working, as the settings name it; that of the item when absent'),
    scope: z.string().max(20_000).optional().describe('What is wanted, where the issue may not exist yet'),
  }),
  positional: [],
  result: z.object({
    status: z.enum(['started', 'waiting', 'issue-requested']),
    issue: z.number().int().nullable(),
    agentId: z.string().nullable(),
    agent: agentView.nullable(),
    why: z.string().describe('Why it waits'),
  }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { moduleId, loopId, scope = '' }): Promise<Reply> {
    mustBeActive(context)
    mustBeLoop(context, loopId)
    const goal = scope.trim()
    const ready = await readyIn(context, moduleId, loopId)
    const item = goal === '' ? ready[0] : ready.find(({ title }) => sameWords(title, goal))
    if (item) return spawnFor(context, item)
    if (goal === '') return refuseModule(context, moduleId)
    const labels = [`module:${moduleId}`, ...(loopId === undefined ? [] : [`loop:${loopId}`])]
    const text = await createIssueForGoal(context, goal, { explicit: false, fresh: true, labels })
    return { text, outcome: 'done', data: spawned('issue-requested', null, { why: text }) }
  },
})

function sameWords(one: string, other: string): boolean {
  const words = (text: string) =>
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.join(' ') ?? ''
  return words(one) === words(other)
}
