import { z } from 'zod'
import { resumedText } from '../messages/commands/orchestrator.ts'
import { orchestratorView } from '../views/orchestrator.ts'
import { defineCommand, type Reply } from './command.ts'
import { orchestratorNow, resumeRepository } from './lib/repository-state.ts'

/** What `/resume all` does. */
export const command = defineCommand({
  name: 'resume-orchestrator',
  summary: 'Goes on with a paused, halted or shut down repository',
  examples: ['{}'],
  slash: false,
  route: { method: 'PUT', path: '/orchestration/resume' },
  args: z.strictObject({}),
  positional: [],
  result: orchestratorView,
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context): Promise<Reply> {
    const wasStopped = await resumeRepository(context)
    return { text: resumedText(wasStopped), outcome: 'done', data: await orchestratorNow(context) }
  },
})
