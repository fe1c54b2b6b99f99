import { z } from 'zod'
import { shutDownText } from '../messages/commands/orchestrator.ts'
import { orchestratorView } from '../views/orchestrator.ts'
import { defineCommand, type Reply } from './command.ts'
import { orchestratorNow, shutDownRepository } from './lib/repository-state.ts'

/** Graceful: no attempt is cut off. It lasts until `init_orchestrator`, `resume_orchestrator` or `/resume all`. */
export const command = defineCommand({
  name: 'shutdown-orchestrator',
  summary: 'Shuts a repository down: agents at work finish, nothing new starts',
  examples: ['{}'],
  slash: false,
  route: { method: 'PUT', path: '/orchestration/shutdown' },
  args: z.strictObject({}),
  positional: [],
  result: orchestratorView,
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context): Promise<Reply> {
    await shutDownRepository(context)
    const data = await orchestratorNow(context)
    return { text: shutDownText(data.agents.active), outcome: 'done', data }
  },
})
