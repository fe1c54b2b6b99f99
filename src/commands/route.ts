import { z } from 'zod'
import { acknowledge, pollMessages } from '../crew/route.ts'
import { type CrewMember, memberNamed } from '../db/crew-members.ts'
import { AgentNotFound } from '../lib/errors.ts'
import * as messages from '../messages/commands/crew.ts'
import { messageView, messageViewOf } from '../views/messages.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { say } from './lib/say.ts'

/**
 * The queue of messages for one member of the crew. Agents that Tutti runs poll by themselves; a program polls for one
 * when it acts in its place. What is polled and not acknowledged is handed out again.
 */
export const command = defineCommand({
  name: 'route',
  summary: 'Sends a message to an agent, polls for it, or acknowledges what it was given',
  examples: [
    '{"action": "poll", "target": "Aria"}',
    '{"action": "send", "target": "Aria", "content": "Use the new parser"}',
  ],
  slash: false,
  args: z.strictObject({
    action: z.enum(['send', 'poll', 'acknowledge']).describe('What to do'),
    target: z.string().min(1).max(60).describe('The name or the handle of the agent'),
    content: z.string().max(4_000).optional().describe('The text to `send`'),
    messageId: z.number().int().min(1).optional().describe('Which to `acknowledge`; all that were polled if not given'),
  }),
  positional: [],
  result: z.object({
    processed: z.number().int(),
    messages: z.array(messageView),
  }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { action, target, content = '', messageId }): Promise<Reply> {
    if (action === 'send') {
      const { message, readers } = await say(context, { to: target, text: content })
      const data = { processed: readers.length, messages: [messageViewOf(message)] }
      return { text: messages.messageSent(readers), outcome: 'done', data }
    }
    const member = await memberMeant(context, target)
    if (action === 'poll') {
      const given = await pollMessages(context.tx, member.id)
      const data = { processed: given.length, messages: given.map((one) => messageViewOf(one.message, one.delivery)) }
      return { text: messages.polled(member.name, given.length), outcome: 'done', data }
    }
    const processed = await acknowledge(context.tx, member.id, messageId === undefined ? undefined : [messageId])
    return { text: messages.acknowledged(processed), outcome: 'done', data: { processed, messages: [] } }
  },
})

async function memberMeant({ tx, repo, settings }: CommandContext, target: string): Promise<CrewMember> {
  const member = await memberNamed(tx.db, repo.id, target)
  if (!member) throw new AgentNotFound(target, messages.crewLists(settings.prefix), messages.noSuchMember(target))
  return member
}
