import { z } from 'zod'
import { currentTime } from '../lib/clock.ts'
import { exportedText } from '../messages/commands/orchestrator.ts'
import { agentView, listAgents } from '../views/agents.ts'
import { eventView, listEvents } from '../views/events.ts'
import { orchestratorStateOf, orchestratorView } from '../views/orchestrator.ts'
import { workQueueOf, workQueueView } from '../views/work-queue.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualLimit = 500

/**
 * What other two-layer orchestrators keep in `data/orchestrators/{systemId}.json`. The database is the record; this is a
 * copy of this moment, and nothing reads it back.
 */
export const command = defineCommand({
  name: 'export-orchestrator',
  summary: 'The orchestrator of a repository as one JSON: state, agents, work queue, events',
  examples: ['{}', '{"limit": 100}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/export' },
  args: z.strictObject({
    limit: wholeNumber(1, 5_000).optional().describe(`At most so many of each list; ${usualLimit}`),
  }),
  positional: [],
  result: orchestratorView.extend({
    exportedAt: z.string(),
    agents: z.array(agentView),
    workQueue: workQueueView,
    eventLog: z.array(eventView).describe('Newest first'),
    agentCounts: orchestratorView.shape.agents,
  }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { limit = usualLimit }): Promise<Reply> {
    const { agents: agentCounts, ...state } = await orchestratorStateOf(tx.db, repo)
    const agents = await listAgents(tx.db, repo.id, { limit })
    const data = {
      ...{ ...state, exportedAt: currentTime().toISOString(), agentCounts, agents },
      workQueue: await workQueueOf(tx.db, repo.id, { limit }),
      eventLog: await listEvents(tx.db, [repo.id], { limit }),
    }
    return { text: exportedText(repo.fullName, agents.length), outcome: 'done', data }
  },
})
