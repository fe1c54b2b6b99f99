import { z } from 'zod'
import { sendMessage } from '../crew/route.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/crew.ts'
import { defineCommand, type Reply } from './command.ts'

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
  async run({ tx, repo, item, actor, settings }, { to, text = '' }): Promise<Reply> {
    if (text.trim() === '') throw new UserError(...messages.messageMissing(settings.prefix))
    const from = { login: actor.login }
    // What a person writes in a comment is public there already.
    const sent = await sendMessage(tx, { repositoryId: repo.id, item, from, to, text, redact: (one) => one })
    if ('refused' in sent) throw new UserError(sent.refused, messages.crewLists(settings.prefix))
    const { readers } = sent
    if (readers.length === 0) throw new UserError(...messages.noReader(settings.prefix))
    return { text: messages.messageSent(readers), outcome: 'done' }
  },
})
