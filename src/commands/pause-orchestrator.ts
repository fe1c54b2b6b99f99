import { z } from 'zod'
import { pausedText } from '../messages/commands/orchestrator.ts'
import { orchestratorView } from '../views/orchestrator.ts'
import { defineCommand, type Reply } from './command.ts'
import { orchestratorNow, pauseRepository } from './lib/repository-state.ts'

/** What `/pause all` does. */
export const command = defineCommand({
  name: 'pause-orchestrator',
  summary: 'Pauses a repository: no new work is assigned, agents at work finish',
  examples: ['{}'],
  slash: false,
  route: { method: 'PUT', path: '/orchestration/pause' },
  args: z.strictObject({}),
  positional: [],
  result: orchestratorView,
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context): Promise<Reply> {
    await pauseRepository(context)
    return { text: pausedText, outcome: 'done', data: await orchestratorNow(context) }
  },
})
