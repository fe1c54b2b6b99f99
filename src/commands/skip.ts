import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'skip',
  summary: 'Leaves this issue out: nothing works on it, and what waits for it goes on',
  examples: ['/skip', '/skip we do without it'],
  args: z.strictObject({ reason: z.string().max(4_000).optional().describe('Why it is left out') }),
  words: [],
  text: 'reason',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'queue')} queues it.`)
    if (item.state === 'skipped')
      return { text: `Nothing to do. ${await statusSentence(context, item)}`, outcome: 'done' }
    if (item.state === 'done') throw new UserError(await statusSentence(context, item))
    if (item.state === 'cancelled')
      throw new UserError(await statusSentence(context, item), 'What was given up needs not be left out.')
    const { run, openPull } = await setAside(context, item, 'skipped', 'Skipped', singleLine(args.reason ?? '', 500))
    return { text: reply(context, run !== undefined, openPull), outcome: 'done' }
  },
})

function reply(context: CommandContext, stopped: boolean, openPull: number | undefined): string {
  const released =
    context.settings.schedule.skipped === 'release'
      ? 'What waits for it goes on without it.'
      : 'What waits for it still does, as the settings say.'
  return [
    stopped ? 'Skipped, and the agent was told to stop.' : 'Skipped.',
    openPull ? `Pull request #${openPull} stays open; close it if nobody wants it.` : '',
    released,
    `${typed(context, 'queue')} queues it again.`,
  ]
    .filter(Boolean)
    .join(' ')
}
