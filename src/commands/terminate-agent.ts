import { z } from 'zod'
import { itemOfIssue, lockItem } from '../db/work-items.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { AgentNotFound } from '../lib/errors.ts'
import { agentHasEnded, howToListAgents, noSuchAgent, terminatedText } from '../messages/commands/orchestrator.ts'
import { agentView, findAgent } from '../views/agents.ts'
import { defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'

/** What `/agents kill` does, for an agent named by its id. What it changed is kept. */
export const command = defineCommand({
  name: 'terminate-agent',
  summary: 'Ends an agent; its item is paused, what it changed is kept',
  examples: ['{"agentId": "12"}'],
  slash: false,
  route: { method: 'DELETE', path: '/orchestration/agents/:agentId' },
  args: z.strictObject({ agentId: z.string().min(1).max(40).describe('Its id, as `list_agents` has it') }),
  positional: [],
  result: z.object({ agent: agentView }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context, { agentId }): Promise<Reply> {
    const { tx, repo } = context
    const agent = await findAgent(tx.db, repo.id, agentId)
    if (!agent) throw new AgentNotFound(agentId, howToListAgents, noSuchAgent(agentId))
    const named = await itemOfIssue(tx.db, repo.id, agent.issue)
    const item = named && (await lockItem(tx, named.id))
    const ended = agent.endedAt !== null && agent.status !== 'checking'
    if (!item || ended || isTerminal(item)) throw new AgentNotFound(agentId, howToListAgents, agentHasEnded(agentId))
    if (item.state !== 'paused' && item.state !== 'held')
      await setAside({ ...context, item }, item, { to: 'paused', verb: 'Terminated' })
    return { text: terminatedText(agent), outcome: 'done', data: { agent } }
  },
})
