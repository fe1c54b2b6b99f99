import { z } from 'zod'
import { agentCount } from '../messages/commands/orchestrator.ts'
import { agentStatuses, agentView, listAgents } from '../views/agents.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

export const command = defineCommand({
  name: 'list-agents',
  summary: 'The agents of a repository: those at work first, then those that have ended',
  examples: ['{}', '{"status": "working"}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/agents' },
  args: z.strictObject({
    status: z.enum(agentStatuses).optional().describe('Only agents with this status'),
    moduleId: z.string().max(100).optional().describe('Only agents of this module'),
    kind: z.string().max(50).optional().describe('Only agents of this kind, such as `codex`'),
    before: wholeNumber(1).optional().describe('Only agents with a smaller id: the next page'),
    limit: wholeNumber(1, 500).optional().describe('At most so many; 100'),
  }),
  positional: [],
  result: z.object({ agents: z.array(agentView) }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { status, moduleId, kind, before, limit }): Promise<Reply> {
    const agents = await listAgents(tx.db, repo.id, { status, module: moduleId, kind, before, limit })
    return { text: agentCount(agents.length), outcome: 'done', data: { agents } }
  },
})
