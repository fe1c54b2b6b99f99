import { z } from 'zod'
import { messageSent, postedTo } from '../messages/commands/crew.ts'
import { messageView, messageViewOf } from '../views/messages.ts'
import { defineCommand, type Reply } from './command.ts'
import { channelName } from './lib/channels.ts'
import { say } from './lib/say.ts'

/** What `/message` does; without `to`, the message goes to its channel alone. */
export const command = defineCommand({
  name: 'send-message',
  summary: 'Sends a message to an agent, to all at work, or to a channel',
  examples: ['{"channel": "general", "text": "The release is on Friday"}'],
  slash: false,
  args: z.strictObject({
    to: z.string().max(60).optional().describe('A name or a handle of an agent, or `all`'),
    channel: channelName.optional().describe('That of the issue, or `general`, if not given'),
    text: z.string().min(1).max(4_000).optional().describe('What is said'),
    message: z.string().min(1).max(4_000).optional().describe('The same under another name'),
  }),
  positional: [],
  result: z.object({ message: messageView, readers: z.array(z.string()) }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { to = '', channel, text: said, message: saidToo }): Promise<Reply> {
    const text = said ?? saidToo ?? ''
    const { message, readers } = await say(context, { to, text, channel })
    const words = readers.length > 0 ? messageSent(readers) : postedTo(message.channel)
    return { text: words, outcome: 'done', data: { message: messageViewOf(message), readers } }
  },
})
