import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { forgiveCiRounds } from '../db/ci.ts'
import { runsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import type { ItemState } from '../lib/item-state.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'retry',
  summary: 'Tries a held or paused issue again, with a fresh count of attempts',
  examples: ['/retry'],
  args: z.strictObject({}),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'queue')} queues it.`)
    if (item.state === 'held' || item.state === 'paused') return tryAgain(context, item)
    if (item.state === 'ready' && item.notBefore && item.notBefore > new Date()) return goNow(context, item)
    if (['queued', 'ready', 'running', 'checking'].includes(item.state))
      return { text: `It is on its way already. ${await statusSentence(context, item)}`, outcome: 'done' }
    throw new UserError(`There is nothing to try again. ${await statusSentence(context, item)}`, hint(item.state))
  },
})

/** Items that stood aside before they were ready are read anew: what was wrong may be mended in the settings. */
const unread: readonly (ItemState | null)[] = ['queued', 'planning', 'asking', 'plan-review']

async function tryAgain(context: CommandContext, item: ItemRow): Promise<Reply> {
  const { tx, actor, settings } = context
  const runs = await runsOf(tx.db, item.id)
  // What an epic is made of is looked at anew.
  const neverReady = runs.length === 0 || item.kind === 'epic' || unread.includes(item.resumeState)
  await transition(tx, item, neverReady ? 'queued' : 'ready', {
    actor: actor.login,
    why: `Tried again on the word of ${actor.login}.`,
    set: { freshSince: runs.at(-1)?.id ?? item.freshSince },
  })
  await forgiveCiRounds(tx, item.id)
  const forgiven = runs.filter((run) => run.countsAsAttempt && run.id > (item.freshSince ?? 0)).length
  const past =
    forgiven === 1 ? 'The attempt so far no longer counts' : `The ${forgiven} attempts so far no longer count`
  const reset = forgiven > 0 ? ` ${past}: ${settings.limits.retries + 1} are free again.` : ''
  const kept = runs.length > 0 ? ' The branch and what was learned are kept.' : ''
  return { text: `Trying again.${reset}${kept}`, outcome: 'done' }
}

/** The item only waits for a time: a person who knows better need not. */
async function goNow({ tx }: CommandContext, item: ItemRow): Promise<Reply> {
  await tx.db.update(workItems).set({ notBefore: null }).where(eq(workItems.id, item.id))
  await tx.enqueue({ queue: 'schedule' })
  return { text: 'It no longer waits and starts as soon as an agent is free.', outcome: 'done' }
}

function hint(state: ItemState): string | undefined {
  return state === 'reviewing' || state === 'approved'
    ? 'To have something changed, ask for changes in a review.'
    : undefined
}
