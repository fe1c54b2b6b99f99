import { z } from 'zod'
import { lastDecision } from '../db/decisions.ts'
import { isSideRun, runsOf } from '../db/runs.ts'
import { scheduleReportOf } from '../db/schedule-reports.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { UserError } from '../lib/errors.ts'
import { ciSentence } from '../messages/ci.ts'
import * as messages from '../messages/commands/schedule.ts'
import { ciViewOf } from '../pull-requests/ci/ci-view.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

/** Conflicts that are listed. */
const mostConflicts = 10

export const command = defineCommand({
  name: 'why',
  summary: 'Says why an issue is, or is not, being worked on, from the recorded decision',
  examples: ['/why', '/why #12'],
  args: z.strictObject({ issue: z.string().max(20).optional().describe('Another issue of this repository') }),
  positional: ['issue'],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context, args): Promise<Reply> {
    const item = args.issue === undefined ? context.item : await named(context, args.issue)
    if (!item) return { text: messages.nothingDecided(context.settings.prefix), outcome: 'done' }
    const parts = [await decisionOf(context, item), await memberOf(context, item), await conflictsOf(context, item)]
    return { text: parts.filter(Boolean).join('\n\n'), outcome: 'done' }
  },
})

async function named({ tx, repo }: CommandContext, issue: string): Promise<ItemRow> {
  const number = /^#?(\d{1,9})$/.exec(issue)?.[1]
  if (!number) throw new UserError(...messages.namesNoIssue(issue))
  const item = await itemOfIssue(tx.db, repo.id, Number(number))
  if (!item) throw new UserError(...messages.notOurItem(number))
  return item
}

/** The decision as it was recorded, and the state of the item now. */
async function decisionOf(context: CommandContext, item: ItemRow): Promise<string> {
  const { db } = context.tx
  const now = item.id === context.item?.id ? '' : `#${item.issueNumber}: `
  const last = await lastDecision(db, item.id)
  if (last?.action === 'wait' && (item.state === 'ready' || item.state === 'planning')) {
    const ci = ciSentence(await ciViewOf(db, item, context.repo))
    return [ci, messages.waitsSince(last)].filter(Boolean).join(' ')
  }
  const started = messages.lastStarted(await lastDecision(db, item.id, 'start'))
  const status = `${now}${await statusSentence(context, item)}`
  return [status, started].filter(Boolean).join('\n\n')
}

/** Why the newest run was given to the member of the crew that makes it. */
async function memberOf({ tx }: CommandContext, item: ItemRow): Promise<string> {
  const run = (await runsOf(tx.db, item.id)).findLast((one) => isAgentRun(one) && !isSideRun(one))
  return run && item.state !== 'done' ? run.memberWhy : ''
}

async function conflictsOf({ tx, repo }: CommandContext, item: ItemRow): Promise<string> {
  if (item.repositoryId !== repo.id) return ''
  const { issueNumber } = item
  const pairs = ((await scheduleReportOf(tx.db, repo.id))?.conflicts ?? []).filter(
    ({ a, b }) => a === issueNumber || b === issueNumber,
  )
  if (pairs.length === 0) return ''
  const shown = pairs
    .slice(0, mostConflicts)
    .map(({ a, b, overlaps }) => ({ issue: a === issueNumber ? b : a, overlaps }))
  return messages.conflictList(shown, pairs.length - shown.length)
}
