/** What one cycle of the orchestrator has done. */

import { z } from 'zod'
import { agentView } from './agents.ts'

/** The result of a cycle. */
export const cycleView = z.object({
  cycleId: z.string().describe('Its entry in the event log names it'),
  agentsSpawned: z.number().int(),
  modulesTargeted: z.array(z.string()),
  agents: z.array(agentView),
  settled: z.boolean().describe('Whether the scheduler had decided when this was answered'),
})
