import { z } from 'zod'
import { nextWorkText } from '../messages/commands/orchestrator.ts'
import { nextWorkOf, nextWorkView } from '../views/next-work.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualCount = 5

export const command = defineCommand({
  name: 'get-next-work',
  summary: 'The items that start next, by leverage, and what each waits for',
  examples: ['{}', '{"count": 3}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/next-work' },
  args: z.strictObject({
    count: wholeNumber(1, 30).optional().describe(`At most so many; ${usualCount}`),
  }),
  positional: [],
  result: nextWorkView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { count = usualCount }): Promise<Reply> {
    const data = await nextWorkOf(tx.db, repo.id, count)
    return { text: nextWorkText(data.items, data.more), outcome: 'done', data }
  },
})
