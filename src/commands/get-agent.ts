import { z } from 'zod'
import { AgentNotFound } from '../lib/errors.ts'
import { agentText, howToListAgents, noSuchAgent } from '../messages/commands/orchestrator.ts'
import { agentView, findAgent } from '../views/agents.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'get-agent',
  summary: 'One agent: what it does, its health, how it ended',
  examples: ['{"agentId": "12"}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/agents/:agentId' },
  args: z.strictObject({ agentId: z.string().min(1).max(40).describe('Its id, as `list_agents` has it') }),
  positional: [],
  result: agentView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { agentId }): Promise<Reply> {
    const data = await findAgent(tx.db, repo.id, agentId)
    if (!data) throw new AgentNotFound(agentId, howToListAgents, noSuchAgent(agentId))
    return { text: agentText(data), outcome: 'done', data }
  },
})
