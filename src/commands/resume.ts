import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { addPersonRun, runsOf } from '../db/runs.ts'
import { repositories } from '../db/schema/repositories.ts'
import { getItem, type ItemRow, itemsInStates, transition } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import type { ItemState } from '../lib/item-state.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { commit, statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'resume',
  summary: 'Goes on with a paused or blocked issue, or with "all" with the whole repository',
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
    if (item.state !== 'paused' && item.state !== 'held') return notPaused(context, item)
    const by = { actor: actor.login, why: `Resumed by ${actor.login}.` }
    const unjudged = await headToJudge(context, item)
    const to = unjudged ? 'reviewing' : backTo(item.resumeState)
    const back = await transition(tx, item, to, by)
    if (unjudged) await judgeAgain(context, back, unjudged)
    const now = (await getItem(tx.db, item.id)) ?? back
    // Where the scheduler acts next, what it decided before the pause says nothing.
    const waits = to === 'ready' || to === 'queued' || to === 'planning'
    return { text: `Resumed. ${waits ? goesOn(context) : await statusSentence(context, now)}`, outcome: 'done' }
  },
})

function goesOn(context: CommandContext): string {
  return context.repo.state === 'paused'
    ? `The whole repository is paused; ${typed(context, 'resume all')} lets work start.`
    : 'It goes on as soon as nothing holds it back.'
}

/** Where a paused item goes on. An attempt that was ended starts anew, on what it left behind. */
function backTo(before: ItemState | null): 'queued' | 'planning' | 'asking' | 'plan-review' | 'ready' | 'reviewing' {
  switch (before) {
    case 'planning':
    case 'asking':
    case 'plan-review':
      return before
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

/**
 * The head of the pull request, when the gates have not judged it and it is not an agent's attempt that goes on: a
 * person pushed it before or during the pause.
 */
async function headToJudge({ tx }: CommandContext, item: ItemRow): Promise<string | undefined> {
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.state !== 'open') return undefined
  const last = (await runsOf(tx.db, item.id)).at(-1)
  if (backTo(item.resumeState) !== 'reviewing' && !(item.resumeState === 'checking' && last?.agent === 'person'))
    return undefined
  const judged = (await gateRows(tx.db, item.id, pull.headSha)).length > 0
  return judged ? undefined : pull.headSha
}

async function judgeAgain({ tx, actor }: CommandContext, item: ItemRow, headSha: string): Promise<void> {
  const why = `The gates have not judged ${commit(headSha)} yet.`
  await transition(tx, item, 'checking', { actor: actor.login, why, set: { headSha } })
  await addPersonRun(tx, item.id, headSha)
}

async function notPaused(context: CommandContext, item: ItemRow): Promise<Reply> {
  const where = await statusSentence(context, item)
  if (['skipped', 'cancelled', 'done'].includes(item.state)) throw new UserError(`It is not paused. ${where}`)
  return { text: `It is not paused. ${where}`, outcome: 'done' }
}

async function resumeAll(context: CommandContext): Promise<Reply> {
  const { tx, repo } = context
  const rows = await tx.db
    .update(repositories)
    .set({ state: 'active' })
    .where(and(eq(repositories.id, repo.id), eq(repositories.state, 'paused')))
    .returning()
  await tx.enqueue({ queue: 'schedule' })
  const paused = (await itemsInStates(tx.db, ['paused'])).filter((item) => item.repositoryId === repo.id)
  const alone = paused.map((item) => `#${item.issueNumber}`).join(', ')
  const note = alone ? ` Paused by themselves, and still so: ${alone}.` : ''
  const text = rows.length > 0 ? 'The repository goes on.' : 'The repository was not paused.'
  return { text: `${text}${note}`, outcome: 'done' }
}
