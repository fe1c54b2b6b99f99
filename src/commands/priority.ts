import { z } from 'zod'
import { priorityReply } from '../messages/commands/schedule.ts'
import { defineCommand, type Reply } from './command.ts'
import { setScopedLabel } from './lib/scoped-label.ts'

export const command = defineCommand({
  name: 'priority',
  summary: 'Says how urgent this issue is, from 0 (most) to 3',
  examples: ['/priority 0', '/priority 2'],
  args: z.strictObject({ priority: z.number().int().min(0).max(3).describe('0 goes first, 2 is usual') }),
  positional: ['priority'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { priority }): Promise<Reply> {
    const before = context.item?.priority
    await setScopedLabel(context, 'priority:', String(priority), { priority })
    return { text: priorityReply(priority, before, context.item !== undefined), outcome: 'done' }
  },
})
