import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { gateRows, type PullRow, pullOfItem } from '../db/pull-requests.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, StaleItem } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { commit, statusSentence, typed } from './lib/status-sentence.ts'

/**
 * Asks for the merge of exactly the commit that is the head now. Whether it is approved and green is GitHub's to say,
 * when delivery acts on this: the webhook of a review may still be on its way.
 */
export const command = defineCommand({
  name: 'merge',
  summary: 'Merges the pull request of this issue, at the commit that was approved',
  examples: ['/merge', '/merge --protected'],
  args: z.strictObject({
    protected: z.boolean().optional().describe('Also allows the changes to protected paths in this very commit'),
  }),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { tx, item } = context
    const pull = context.pull ?? (item && (await pullOfItem(tx.db, item.id)))
    if (!item || !pull) throw new UserError('There is no pull request to merge here.', await whereItStands(context))
    if (pull.state === 'merged') return { text: `#${pull.number} is merged already.`, outcome: 'done' }
    if (pull.state === 'closed') throw new UserError(`#${pull.number} is closed.`, 'Open it again first.')
    if (item.state === 'merging') return { text: await statusSentence(context, item), outcome: 'done' }
    if (item.state !== 'reviewing' && item.state !== 'approved')
      throw new UserError(`#${pull.number} cannot be merged now. ${await statusSentence(context, item)}`)
    const allowing = await checkGates(context, item, pull, args.protected ?? false)
    await ask(context, item, pull, allowing !== undefined)
    return { text: reply(pull, allowing), outcome: 'done' }
  },
})

async function whereItStands(context: CommandContext): Promise<string> {
  return context.item ? statusSentence(context, context.item) : ''
}

/** @returns what the sender allows by `--protected`, or undefined when nothing needs a word. */
async function checkGates(
  context: CommandContext,
  item: ItemRow,
  pull: PullRow,
  allowProtected: boolean,
): Promise<string | undefined> {
  const gates = await gateRows(context.tx.db, item.id, pull.headSha)
  const head = commit(pull.headSha)
  if (gates.length === 0) throw new UserError(`Not merged: the gates have not judged ${head}.`)
  const failed = gates.find((gate) => gate.verdict === 'fail')
  if (failed)
    throw new UserError(`Not merged: the gate ${failed.gate} failed on ${head}: ${singleLine(failed.summary)}`)
  const waiting = gates.find((gate) => gate.verdict === 'needs-approval')
  if (!waiting || item.protectedAllowedSha === pull.headSha) return undefined
  const summary = singleLine(waiting.summary, 1_000)
  if (allowProtected) return summary
  throw new UserError(
    `Not merged: ${head} needs a person's explicit word. ${summary}`,
    `If you have looked at that, say ${typed(context, 'merge --protected')}.`,
  )
}

async function ask({ tx, actor }: CommandContext, item: ItemRow, pull: PullRow, allowing: boolean): Promise<void> {
  const rows = await tx.db
    .update(pullRequests)
    .set({ mergeRequestedBy: actor.login, mergeRequestedById: actor.id, mergeSha: pull.headSha })
    .where(and(eq(pullRequests.id, pull.id), eq(pullRequests.headSha, pull.headSha), eq(pullRequests.state, 'open')))
    .returning()
  // A push came in between: everything is looked at again.
  if (rows.length === 0) throw new StaleItem(`pull request ${pull.number} has moved`)
  if (allowing) {
    await tx.db.update(workItems).set({ protectedAllowedSha: pull.headSha }).where(eq(workItems.id, item.id))
  }
  await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
}

function reply(pull: PullRow, allowing: string | undefined): string {
  const again = pull.mergeSha === pull.headSha ? 'Already asked for' : 'Asked for'
  const allowed = allowing ? ` Allowed with it: ${allowing}` : ''
  return `${again}: #${pull.number} is merged at exactly ${commit(pull.headSha)} if it is approved and its checks are green.${allowed}`
}
