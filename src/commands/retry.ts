import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { forgiveCiRounds } from '../db/ci.ts'
import { isBuild, type RunRow, runsOf } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { countedSince } from '../domain/replan.ts'
import { currentTime } from '../lib/clock.ts'
import { UserError } from '../lib/errors.ts'
import type { ItemState } from '../lib/item-state.ts'
import { alreadyUnderWay, nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'retry',
  summary: 'Tries a held or paused issue again; text after it says how to do it now',
  examples: ['/retry', '/retry use the client that is there, and do not write another one'],
  args: z.strictObject({
    how: z.string().max(20_000).optional().describe('What the agent should do in another way'),
  }),
  positional: [],
  text: 'how',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { how = '' }): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError(...nothingQueued(context.settings.prefix))
    if (item.state === 'held' || item.state === 'paused') return tryAgain(context, item, how)
    const scheduled = item.state === 'ready' || item.state === 'planning'
    if (scheduled && item.notBefore && item.notBefore > currentTime()) return startNow(context, item)
    if (scheduled || ['queued', 'running', 'checking'].includes(item.state))
      return { text: alreadyUnderWay(await statusSentence(context, item)), outcome: 'done' }
    const status = await statusSentence(context, item)
    throw new UserError(...messages.nothingToRetry(status, item.state, context.settings.prefix))
  },
})

/** Items that were set aside in these states are queued again: the settings may have been corrected since. */
const beforeReady: readonly (ItemState | null)[] = ['queued', 'planning', 'asking', 'plan-review']

async function tryAgain(context: CommandContext, item: ItemRow, how: string): Promise<Reply> {
  const { tx, actor, settings } = context
  const past = await runsOf(tx.db, item.id)
  if (how) await leaveAdvice(context, past.filter(isBuild).at(-1), how)
  // The parts of an epic are read again.
  const neverReady = past.length === 0 || item.kind === 'epic' || beforeReady.includes(item.resumeState)
  await transition(tx, item, neverReady ? 'queued' : 'ready', {
    actor: actor.login,
    why: messages.retriedBy(actor.login),
    set: { freshSince: past.at(-1)?.id ?? item.freshSince, agent: null },
  })
  await forgiveCiRounds(tx, item.id)
  const forgiven = past.filter((run) => run.countsAsAttempt && run.id > countedSince(item)).length
  const free = settings.limits.retries + 1
  return { text: messages.retriedReply({ forgiven, free, any: past.length > 0 }), outcome: 'done' }
}

/** The next attempt reads it before what the last one has left. */
async function leaveAdvice({ tx, actor }: CommandContext, last: RunRow | undefined, how: string): Promise<void> {
  if (!last) throw new UserError(...messages.nothingToDoDifferently)
  const lesson = messages.personSaysHow(actor.login, how, last.lesson)
  await tx.db.update(runs).set({ lesson }).where(eq(runs.id, last.id))
}

/** The item only waits for a time. A person may end that wait. */
async function startNow({ tx }: CommandContext, item: ItemRow): Promise<Reply> {
  await tx.db.update(workItems).set({ notBefore: null }).where(eq(workItems.id, item.id))
  await tx.enqueue({ queue: 'schedule' })
  return { text: messages.waitsNoLonger, outcome: 'done' }
}
