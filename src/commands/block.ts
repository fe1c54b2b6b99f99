import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

/** Holds an item for a reason that Tutti cannot see. The status shows that reason. */
export const command = defineCommand({
  name: 'block',
  summary: 'Holds this issue back for the reason given, until someone says /resume',
  examples: ['/block we wait for the new API key'],
  args: z.strictObject({ reason: z.string().min(1).max(4_000).describe('What stands in the way') }),
  positional: [],
  text: 'reason',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { item, settings } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    if (item.state === 'held')
      return { text: messages.heldAlready(await statusSentence(context, item)), outcome: 'done' }
    if (['skipped', 'cancelled', 'done'].includes(item.state))
      throw new UserError(...messages.nothingToBlock(await statusSentence(context, item)))
    const reason = singleLine(args.reason, 500)
    const interrupted = await setAside(context, item, { to: 'held', verb: 'Blocked', because: reason })
    return { text: messages.blockedReply(reason, interrupted, settings.prefix), outcome: 'done' }
  },
})
