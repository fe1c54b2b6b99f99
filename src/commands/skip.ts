import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { nothingQueued, nothingToDo } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'skip',
  summary: 'Leaves this issue out: nothing works on it, and what waits for it goes on',
  examples: ['/skip', '/skip we do without it'],
  args: z.strictObject({ reason: z.string().max(4_000).optional().describe('Why it is left out') }),
  positional: [],
  text: 'reason',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context, args): Promise<Reply> {
    const { item, settings } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    if (item.state === 'skipped') return { text: nothingToDo(await statusSentence(context, item)), outcome: 'done' }
    if (item.state === 'done') throw new UserError(await statusSentence(context, item))
    if (item.state === 'cancelled')
      throw new UserError(await statusSentence(context, item), messages.cancelledCannotBeSkipped)
    const because = singleLine(args.reason ?? '', 500)
    const interrupted = await setAside(context, item, { to: 'skipped', verb: 'Skipped', because })
    const released = settings.schedule.skipped === 'release'
    return { text: messages.skippedReply(interrupted, released, settings.prefix), outcome: 'done' }
  },
})
