import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { gateRows, type PullRow, pullOfItem } from '../db/pull-requests.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, StaleItem } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import * as messages from '../messages/commands/merge.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

/**
 * Requests the merge of exactly the commit that is the head now. The job that merges asks GitHub whether it is approved
 * and green: the webhook of a review may still be on its way.
 */
export const command = defineCommand({
  name: 'merge',
  summary: 'Merges the pull request of this issue, at the commit that was approved',
  examples: ['/merge', '/merge --protected'],
  args: z.strictObject({
    protected: z.boolean().optional().describe('Also allows the changes to protected paths in this very commit'),
  }),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  personal: true,
  async run(context, args): Promise<Reply> {
    const { tx, item } = context
    const pull = context.pull ?? (item && (await pullOfItem(tx.db, item.id)))
    if (context.issue?.isPullRequest && pull && pull.number !== context.issue.number)
      throw new UserError(...messages.anotherPullRequest(pull.number))
    if (context.issue?.isPullRequest && !pull) throw new UserError(...messages.notOurPullRequest(context.issue.number))
    if (!item || !pull) throw new UserError(...messages.noPullRequestToMerge(await statusOrNothing(context)))
    if (pull.state === 'merged') return { text: messages.mergedAlready(pull.number), outcome: 'done' }
    if (pull.state === 'closed') throw new UserError(...messages.closedCannotBeMerged(pull.number))
    if (item.state === 'merging') return { text: await statusSentence(context, item), outcome: 'done' }
    if (item.state !== 'reviewing' && item.state !== 'approved')
      throw new UserError(...messages.cannotBeMergedNow(pull.number, await statusSentence(context, item)))
    const allowing = await checkGates(context, item, pull, args.protected ?? false)
    await requestMerge(context, item, pull, allowing !== undefined)
    const again = pull.mergeSha === pull.headSha
    const text = messages.mergeRequested(pull.number, pull.headSha, again, allowing)
    return { text, outcome: 'done', settles: true }
  },
})

async function statusOrNothing(context: CommandContext): Promise<string> {
  return context.item ? statusSentence(context, context.item) : ''
}

/** @returns what the sender allows by `--protected`; undefined when nothing needs an explicit approval. */
async function checkGates(
  context: CommandContext,
  item: ItemRow,
  pull: PullRow,
  allowProtected: boolean,
): Promise<string | undefined> {
  const gates = await gateRows(context.tx.db, item.id, pull.headSha)
  if (gates.length === 0) throw new UserError(...messages.notJudgedYet(pull.headSha))
  const failed = gates.find((gate) => gate.verdict === 'fail')
  if (failed) throw new UserError(...messages.gateHasFailed(failed.gate, pull.headSha, failed.summary))
  const waiting = gates.find((gate) => gate.verdict === 'needs-approval')
  if (!waiting || item.protectedAllowedSha === pull.headSha) return undefined
  const summary = singleLine(waiting.summary, 1_000)
  if (allowProtected) return summary
  throw new UserError(...messages.needsProtected(pull.headSha, summary, context.settings.prefix))
}

async function requestMerge(
  { tx, actor }: CommandContext,
  item: ItemRow,
  pull: PullRow,
  allowing: boolean,
): Promise<void> {
  const rows = await tx.db
    .update(pullRequests)
    .set({ mergeRequestedBy: actor.login, mergeRequestedById: actor.id, mergeSha: pull.headSha })
    .where(and(eq(pullRequests.id, pull.id), eq(pullRequests.headSha, pull.headSha), eq(pullRequests.state, 'open')))
    .returning()
  // The branch moved meanwhile: the command is tried again on the new head.
  if (rows.length === 0) throw new StaleItem(`pull request ${pull.number} has moved`)
  if (allowing) {
    await tx.db.update(workItems).set({ protectedAllowedSha: pull.headSha }).where(eq(workItems.id, item.id))
  }
  await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
}
