import { z } from 'zod'
import { initialisedText, orchestratorText } from '../messages/commands/orchestrator.ts'
import { orchestratorView } from '../views/orchestrator.ts'
import { defineCommand, type Reply } from './command.ts'
import { orchestratorNow, resumeRepository } from './lib/repository-state.ts'

/**
 * Every repository with the app installed has its orchestrator already; it is named by `systemId`, as for every
 * command. So this goes on with one that was shut down and otherwise changes nothing: a pause by a person stays.
 */
export const command = defineCommand({
  name: 'init-orchestrator',
  summary: 'Creates the orchestrator of a repository, or goes on with the one that is there',
  examples: ['{}', '{"systemPath": "/home/me/app"}'],
  slash: false,
  route: { method: 'POST', path: '/orchestration/init' },
  args: z.strictObject({
    systemPath: z
      .string()
      .max(4_096)
      .optional()
      .describe('Taken for compatibility: Tutti makes clones of its own and needs no working copy'),
  }),
  positional: [],
  result: orchestratorView.extend({ resumed: z.boolean().describe('Whether it was shut down before') }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { systemPath }): Promise<Reply> {
    const resumed = context.repo.shutDownAt !== null && (await resumeRepository(context))
    const state = await orchestratorNow(context)
    const text = initialisedText(orchestratorText(state), { resumed, pathGiven: systemPath !== undefined })
    return { text, outcome: 'done', data: { ...state, resumed } }
  },
})
