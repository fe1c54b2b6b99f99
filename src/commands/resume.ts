import { z } from 'zod'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { addPersonRun, buildsOf } from '../db/runs.ts'
import { getItem, type ItemRow, itemsInStates, transition } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import type { ItemState } from '../lib/item-state.ts'
import { nothingQueued, repositoryIsPaused } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/lifecycle.ts'
import { commitName } from '../messages/gates.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { goBackTo } from './lib/go-back.ts'
import { resumeRepository } from './lib/repository-state.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'resume',
  summary: 'Goes on with a paused or blocked issue, or with "all" with the whole repository',
  examples: ['/resume', '/resume all', '/resume before-parser'],
  args: z.strictObject({
    checkpoint: z.string().max(100).optional().describe('A checkpoint of the agent to go back to; or "all"'),
    all: z.boolean().optional().describe('New work may start in this repository again'),
  }),
  positional: ['checkpoint'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { all, checkpoint }): Promise<Reply> {
    if (all || checkpoint?.toLowerCase() === 'all') return resumeAll(context)
    const { item, tx, actor } = context
    if (!item) throw new UserError(...nothingQueued(context.settings.prefix))
    if (item.state !== 'paused' && item.state !== 'held') return notPaused(context, item)
    const back = checkpoint === undefined ? undefined : await goBackTo(context, item, checkpoint)
    const by = { actor: actor.login, why: messages.resumedBy(actor.login) }
    const unjudged = back ? undefined : await headToJudge(context, item)
    const to = back ? 'ready' : unjudged ? 'reviewing' : await whereItGoesOn(context, item)
    const row = await transition(tx, item, to, by)
    if (unjudged) await judgeAgain(context, row, unjudged)
    const now = (await getItem(tx.db, item.id)) ?? row
    // The scheduler acts next: its decision from before the pause is out of date.
    const waits = to === 'ready' || to === 'queued' || to === 'planning'
    return {
      text: messages.resumedReply(waits ? goesOn(context) : await statusSentence(context, now), back?.name),
      outcome: 'done',
    }
  },
})

function goesOn(context: CommandContext): string {
  return context.repo.state === 'paused' ? repositoryIsPaused(context.settings.prefix) : messages.goesOnSoon
}

/** A review goes on where there is a pull request to review; without one, the work does. */
async function whereItGoesOn({ tx }: CommandContext, item: ItemRow): Promise<ReturnType<typeof stateAfterPause>> {
  const to = stateAfterPause(item.resumeState)
  if (to !== 'reviewing') return to
  return (await pullOfItem(tx.db, item.id))?.state === 'open' ? 'reviewing' : 'ready'
}

/** The state in which a paused item goes on. An attempt that was ended starts again, on the branch as it is. */
function stateAfterPause(
  before: ItemState | null,
): 'queued' | 'planning' | 'asking' | 'plan-review' | 'ready' | 'reviewing' {
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
 * The head of the pull request, when a person pushed it before or during the pause: the gates have not judged it, and
 * no agent's attempt goes on.
 */
async function headToJudge({ tx }: CommandContext, item: ItemRow): Promise<string | undefined> {
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.state !== 'open') return undefined
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  if (
    pull.headSha === item.headSha &&
    stateAfterPause(item.resumeState) !== 'reviewing' &&
    !(item.resumeState === 'checking' && last?.agent === 'person')
  )
    return undefined
  const judged = (await gateRows(tx.db, item.id, pull.headSha)).length > 0
  return judged ? undefined : pull.headSha
}

async function judgeAgain({ tx, actor }: CommandContext, item: ItemRow, headSha: string): Promise<void> {
  const why = messages.gatesHaveNotJudged(commitName(headSha))
  await transition(tx, item, 'checking', { actor: actor.login, why, set: { headSha } })
  await addPersonRun(tx, item.id, headSha)
}

async function notPaused(context: CommandContext, item: ItemRow): Promise<Reply> {
  const text = messages.isNotPaused(await statusSentence(context, item))
  if (['skipped', 'cancelled', 'done'].includes(item.state)) throw new UserError(text)
  return { text, outcome: 'done' }
}

async function resumeAll(context: CommandContext): Promise<Reply> {
  const { tx, repo } = context
  const wasPaused = await resumeRepository(context)
  const paused = (await itemsInStates(tx.db, ['paused'])).filter((item) => item.repositoryId === repo.id)
  const alone = paused.map((item) => `#${item.issueNumber}`)
  return { text: messages.resumedAllReply(wasPaused, alone), outcome: 'done' }
}
