import { z } from 'zod'
import { channelMessages } from '../db/messages.ts'
import { messageCount } from '../messages/commands/crew.ts'
import { messageView, messageViewOf } from '../views/messages.ts'
import { defineCommand, type Reply } from './command.ts'
import { channelName } from './lib/channels.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualLimit = 20

export const command = defineCommand({
  name: 'read-messages',
  summary: 'The newest messages of a channel, oldest first',
  examples: ['{}', '{"channel": "item-12", "limit": 10}'],
  slash: false,
  args: z.strictObject({
    channel: channelName.optional().describe('`general` if not given; that of issue 12 is `item-12`'),
    limit: wholeNumber(1, 200).optional().describe(`At most so many; ${usualLimit}`),
  }),
  positional: [],
  result: z.object({ channel: z.string(), messages: z.array(messageView) }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { channel = 'general', limit = usualLimit }): Promise<Reply> {
    const rows = await channelMessages(tx.db, repo.id, channel, limit)
    const messages = rows.map((row) => messageViewOf(row))
    return { text: messageCount(messages.length, channel), outcome: 'done', data: { channel, messages } }
  },
})
