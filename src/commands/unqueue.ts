import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'unqueue',
  summary: 'Gives this issue up: stops its agent and cancels the work',
  examples: ['/unqueue'],
  args: z.strictObject({}),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context): Promise<Reply> {
    const { item } = context
    if (!item) return { text: 'Nothing is queued here.', outcome: 'done' }
    if (item.state === 'cancelled' || item.state === 'skipped')
      return { text: `Nothing to do. ${await statusSentence(context, item)}`, outcome: 'done' }
    if (item.state === 'done') throw new UserError(await statusSentence(context, item))
    const { run, openPull } = await setAside(context, item, 'cancelled', 'Cancelled')
    return { text: reply(context, run !== undefined, openPull), outcome: 'done' }
  },
})

function reply(context: CommandContext, stopped: boolean, openPull: number | undefined): string {
  return [
    stopped ? 'Cancelled, and the agent was told to stop.' : 'Cancelled.',
    openPull ? `Pull request #${openPull} stays open; close it if nobody wants it.` : '',
    `${typed(context, 'queue')} queues it again.`,
  ]
    .filter(Boolean)
    .join(' ')
}
