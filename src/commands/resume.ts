import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { UserError } from '../config/errors.ts'
import { advance, type ItemRow, itemsIn } from '../store/items.ts'
import type { ItemState } from '../store/journey.ts'
import { systems } from '../store/schema.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { standing, typed } from './lib/standing.ts'

export const command = defineCommand({
  name: 'resume',
  summary: 'Goes on with a paused issue, or with "all" with the whole repository',
  examples: ['/resume', '/resume all'],
  args: z.strictObject({ all: z.boolean().optional().describe('New work may start in this repository again') }),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    if (args.all) return resumeAll(context)
    const { item, tx, actor } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'queue')} queues it.`)
    if (item.state !== 'paused') return notPaused(context, item)
    const to = backTo(item.before)
    const back = await advance(tx, item, to, { actor: actor.login, why: `Resumed by ${actor.login}.` })
    return { text: `Resumed. ${await standing(context, back)}`, outcome: 'done' }
  },
})

/** Where a paused item goes on. An attempt that was ended starts anew, on what it left behind. */
function backTo(before: ItemState | null): 'queued' | 'planning' | 'ready' | 'reviewing' {
  switch (before) {
    case 'planning':
    case 'asking':
    case 'proposed':
      return 'planning'
    case 'ready':
    case 'running':
    case 'checking':
      return 'ready'
    case 'reviewing':
    case 'approved':
    case 'merging':
      return 'reviewing'
    default:
      return 'queued'
  }
}

async function notPaused(context: CommandContext, item: ItemRow): Promise<Reply> {
  const where = await standing(context, item)
  if (['held', 'skipped', 'cancelled', 'done'].includes(item.state)) throw new UserError(`It is not paused. ${where}`)
  return { text: `It is not paused. ${where}`, outcome: 'done' }
}

async function resumeAll(context: CommandContext): Promise<Reply> {
  const { tx, system } = context
  const rows = await tx.db
    .update(systems)
    .set({ state: 'active' })
    .where(and(eq(systems.id, system.id), eq(systems.state, 'paused')))
    .returning()
  await tx.enqueue({ queue: 'schedule' })
  const paused = (await itemsIn(tx.db, ['paused'])).filter((item) => item.systemId === system.id)
  const alone = paused.map((item) => `#${item.issueNumber}`).join(', ')
  const note = alone ? ` Paused by themselves, and still so: ${alone}.` : ''
  const text = rows.length > 0 ? 'The repository goes on.' : 'The repository was not paused.'
  return { text: `${text}${note}`, outcome: 'done' }
}
