import { z } from 'zod'
import * as messages from '../messages/commands/crew.ts'
import { defineCommand, type Reply } from './command.ts'
import { say } from './lib/say.ts'

export const command = defineCommand({
  name: 'message',
  summary: 'Writes to an agent by its name, or to all that are at work',
  examples: ['/message @Aria Use the new parser', '/message all Stop adding dependencies'],
  args: z.strictObject({
    to: z.string().min(1).max(60).describe('The name or the handle of an agent, or `all`'),
    text: z.string().max(4_000).optional().describe('What you want to say'),
  }),
  positional: ['to'],
  text: 'text',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { to, text = '' }): Promise<Reply> {
    const { readers } = await say(context, { to, text })
    return { text: messages.messageSent(readers), outcome: 'done' }
  },
})
