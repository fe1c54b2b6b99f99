import { z } from 'zod'
import { progressText } from '../messages/commands/orchestrator.ts'
import { progressOf, progressView } from '../views/progress.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'get-orchestration-progress',
  summary: 'How far the work of a repository is: items, agents, time left, cost of today',
  examples: ['{}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/progress' },
  args: z.strictObject({}),
  positional: [],
  result: progressView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }): Promise<Reply> {
    const data = await progressOf(tx.db, repo)
    return { text: progressText(data), outcome: 'done', data }
  },
})
