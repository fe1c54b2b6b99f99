import { z } from 'zod'
import { InvalidArguments } from '../lib/errors.ts'
import { cursorNeedsList, workQueueText } from '../messages/commands/orchestrator.ts'
import { queueLists, readCursor, workQueueOf, workQueueView } from '../views/work-queue.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

export const command = defineCommand({
  name: 'get-work-queue',
  summary: 'The work of a repository: pending, in progress, completed',
  examples: ['{}', '{"limit": 10}', '{"list": "pending", "cursor": "2.120"}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/work-queue' },
  args: z.strictObject({
    limit: wholeNumber(1, 500).optional().describe('At most so many of each list; 50'),
    list: z.enum(queueLists).optional().describe('Only this list'),
    cursor: z
      .string()
      .regex(/^\d{1,15}\.\d{1,15}$/, 'must be what `next` of the page before has for this list')
      .optional()
      .describe('The next page of `list`: what `next` of the page before has for it'),
  }),
  positional: [],
  result: workQueueView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { limit, list, cursor }): Promise<Reply> {
    if (cursor !== undefined && list === undefined) throw new InvalidArguments(...cursorNeedsList)
    const after = cursor === undefined ? undefined : readCursor(cursor)
    const data = await workQueueOf(tx.db, repo.id, { limit, list, cursor: after })
    return { text: workQueueText(data.totals), outcome: 'done', data }
  },
})
