import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { nothingToDo } from '../messages/commands/common.ts'
import { nothingToUnqueue, unqueuedReply } from '../messages/commands/lifecycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'unqueue',
  summary: 'Gives this issue up: stops its agent and cancels the work',
  examples: ['/unqueue'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context): Promise<Reply> {
    const { item } = context
    if (!item) return { text: nothingToUnqueue, outcome: 'done' }
    if (item.state === 'cancelled' || item.state === 'skipped')
      return { text: nothingToDo(await statusSentence(context, item)), outcome: 'done' }
    if (item.state === 'done') throw new UserError(await statusSentence(context, item))
    const interrupted = await setAside(context, item, { to: 'cancelled', verb: 'Cancelled' })
    return { text: unqueuedReply(interrupted, context.settings.prefix), outcome: 'done' }
  },
})
