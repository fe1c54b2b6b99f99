import { and, eq, ne } from 'drizzle-orm'
import { z } from 'zod'
import { repositories } from '../db/schema/repositories.ts'
import { UserError } from '../lib/errors.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { endedAttempt, setAside } from './lib/set-aside.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

/**
 * Pausing an issue ends a running attempt: an item is in one place of its journey, and the result of an attempt that
 * went on in the background would have nowhere to go. Pausing everything lets running agents finish (FEATURES B1).
 */
export const command = defineCommand({
  name: 'pause',
  summary: 'Pauses this issue, or with "all" the whole repository',
  examples: ['/pause', '/pause all'],
  args: z.strictObject({ all: z.boolean().optional().describe('No new work in this repository') }),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    if (args.all) return pauseAll(context)
    const { item } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'pause all')} pauses the repository.`)
    if (item.state === 'paused')
      return { text: `Nothing to do. ${await statusSentence(context, item)}`, outcome: 'done' }
    if (['held', 'skipped', 'cancelled', 'done'].includes(item.state))
      throw new UserError(`There is nothing to pause. ${await statusSentence(context, item)}`)
    const { run, openPull } = await setAside(context, item, 'paused', 'Paused')
    const stopped = run ? ` It stops ${endedAttempt(run)}; what was changed is kept.` : ''
    const pull = openPull ? ` Pull request #${openPull} stays open and is not merged meanwhile.` : ''
    return { text: `Paused.${stopped}${pull} ${typed(context, 'resume')} goes on.`, outcome: 'done' }
  },
})

async function pauseAll(context: CommandContext): Promise<Reply> {
  const { tx, repo } = context
  const rows = await tx.db
    .update(repositories)
    .set({ state: 'paused' })
    .where(and(eq(repositories.id, repo.id), ne(repositories.state, 'gone')))
    .returning()
  if (rows.length === 0) throw new UserError('Tutti has no access to this repository any more.')
  // The items that wait say why from now on.
  await tx.enqueue({ queue: 'schedule' })
  const already = repo.state === 'paused' ? 'The repository is paused already' : 'The repository is paused'
  return {
    text: `${already}: no new attempt starts, running ones finish. ${typed(context, 'resume all')} goes on, ${typed(context, 'stop --all')} ends the running ones too.`,
    outcome: 'done',
  }
}
