import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { defineCommand, type Reply } from './command.ts'
import { endedAttempt, setAside } from './lib/set-aside.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

/** Something that Tutti cannot see stands in the way: it waits for a person, and says for what. */
export const command = defineCommand({
  name: 'block',
  summary: 'Holds this issue back for the reason given, until somebody says /resume',
  examples: ['/block we wait for the new API key'],
  args: z.strictObject({ reason: z.string().min(1).max(4_000).describe('What stands in the way') }),
  words: [],
  text: 'reason',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'queue')} queues it.`)
    if (item.state === 'held')
      return { text: `It is held already. ${await statusSentence(context, item)}`, outcome: 'done' }
    if (['skipped', 'cancelled', 'done'].includes(item.state))
      throw new UserError(`There is nothing to hold back. ${await statusSentence(context, item)}`)
    const { run, openPull } = await setAside(context, item, 'held', 'Blocked', singleLine(args.reason, 500))
    const stopped = run ? ` It stops ${endedAttempt(run)}; what was changed is kept.` : ''
    const pull = openPull ? ` Pull request #${openPull} stays open and is not merged meanwhile.` : ''
    return {
      text: `Blocked: ${singleLine(args.reason, 500)}${stopped}${pull} ${typed(context, 'resume')} goes on.`,
      outcome: 'done',
    }
  },
})
