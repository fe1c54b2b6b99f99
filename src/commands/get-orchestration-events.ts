import { z } from 'zod'
import { eventCount } from '../messages/commands/orchestrator.ts'
import { eventView, listEvents } from '../views/events.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualLimit = 50
const cursor = wholeNumber(0).optional()

export const command = defineCommand({
  name: 'get-orchestration-events',
  summary: 'What has happened: steps of items, commands, cycles, and who gave them',
  examples: ['{}', '{"limit": 20}', '{"after": 1200}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/events' },
  args: z.strictObject({
    limit: wholeNumber(1, 500).optional().describe(`At most so many; ${usualLimit}`),
    before: cursor.describe('Only events with a smaller id: the next page, newest first'),
    after: cursor.describe('Only events with a greater id, oldest first: what has happened since'),
    issue: wholeNumber(1).optional().describe('Only events of this issue'),
  }),
  positional: [],
  result: z.object({
    events: z.array(eventView),
    next: z.number().int().nullable().describe('For `before`, or for `after` where that was given; null at the end'),
  }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { limit = usualLimit, before, after, issue }): Promise<Reply> {
    const events = await listEvents(tx.db, [repo.id], {
      limit,
      before,
      after,
      ...(issue === undefined ? {} : { issue }),
    })
    const next = events.length < limit ? null : (events.at(-1)?.id ?? null)
    return { text: eventCount(events.length), outcome: 'done', data: { events, next } }
  },
})
