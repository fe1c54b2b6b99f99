import { z } from 'zod'
import { agentCount } from '../messages/commands/orchestrator.ts'
import { agentView, listAgents } from '../views/agents.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

export const command = defineCommand({
  name: 'get-agents-by-module',
  summary: 'The agents of one module: those at work first, then those that have ended',
  examples: ['{"moduleId": "auth"}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/modules/:moduleId/agents' },
  args: z.strictObject({
    moduleId: z.string().min(1).max(100).describe('As the label `module:<name>` names it'),
    limit: wholeNumber(1, 500).optional().describe('At most so many; 100'),
  }),
  positional: [],
  result: z.object({ agents: z.array(agentView) }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { moduleId, limit }): Promise<Reply> {
    const agents = await listAgents(tx.db, repo.id, { module: moduleId, limit })
    return { text: agentCount(agents.length), outcome: 'done', data: { agents } }
  },
})
