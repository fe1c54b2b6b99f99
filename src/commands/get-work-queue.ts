import { z } from 'zod'
import { workQueueText } from '../messages/commands/orchestrator.ts'
import { workQueueOf, workQueueView } from '../views/work-queue.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

export const command = defineCommand({
  name: 'get-work-queue',
  summary: 'The work of a repository: pending, in progress, completed',
  examples: ['{}', '{"limit": 10}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/work-queue' },
  args: z.strictObject({
    limit: wholeNumber(1, 500).optional().describe('At most so many of each list; 50'),
  }),
  positional: [],
  result: workQueueView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { limit }): Promise<Reply> {
    const data = await workQueueOf(tx.db, repo.id, limit)
    return { text: workQueueText(data.totals), outcome: 'done', data }
  },
})
