import { z } from 'zod'
import { runsOf } from '../db/runs.ts'
import { UserError } from '../lib/errors.ts'
import { issueIsClosed, nothingToDo } from '../messages/commands/common.ts'
import { queuedReply } from '../messages/commands/lifecycle.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'queue',
  summary: 'Queues this issue for an agent, also again after it was cancelled or done',
  examples: ['/queue'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context): Promise<Reply> {
    const { tx, repo, settings, actor, item } = context
    const issue = theIssue(context)
    if (issue.state === 'closed') throw new UserError(...issueIsClosed)
    if (item?.state === 'paused') throw new UserError(await statusSentence(context, item))
    const runs = item ? await runsOf(tx.db, item.id) : []
    const queued = await enqueueIssue(tx, { repo, settings, issue, actor, lastRunId: runs.at(-1)?.id })
    return { text: await reply(context, queued, runs.length), outcome: 'done' }
  },
})

async function reply(
  context: CommandContext,
  { item, happened }: Awaited<ReturnType<typeof enqueueIssue>>,
  attempts: number,
): Promise<string> {
  if (happened === 'nothing') return nothingToDo(await statusSentence(context, item))
  const paused = context.repo.state === 'paused'
  return queuedReply({ again: happened === 'queued again', attempts, paused }, context.settings.prefix)
}
