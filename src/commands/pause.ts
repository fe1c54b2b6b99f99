import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { nothingToDo } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { pauseRepository } from './lib/repository-state.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

/**
 * Pausing an issue ends a running attempt: an item has one state, and a paused one could not take the result of an
 * attempt that went on. Pausing the repository lets running agents finish.
 */
export const command = defineCommand({
  name: 'pause',
  summary: 'Pauses this issue, or with "all" the whole repository',
  examples: ['/pause', '/pause all'],
  args: z.strictObject({ all: z.boolean().optional().describe('No new work in this repository') }),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    if (args.all) return pauseAll(context)
    const { item, settings } = context
    if (!item) throw new UserError(...messages.nothingQueuedToPause(settings.prefix))
    if (item.state === 'paused') return { text: nothingToDo(await statusSentence(context, item)), outcome: 'done' }
    if (['held', 'skipped', 'cancelled', 'done'].includes(item.state))
      throw new UserError(...messages.nothingToPause(await statusSentence(context, item)))
    const interrupted = await setAside(context, item, { to: 'paused', verb: 'Paused' })
    return { text: messages.pausedReply(interrupted, settings.prefix), outcome: 'done' }
  },
})

async function pauseAll(context: CommandContext): Promise<Reply> {
  await pauseRepository(context)
  const { repo, settings } = context
  return { text: messages.pausedAllReply(repo.state === 'paused', settings.prefix), outcome: 'done' }
}
