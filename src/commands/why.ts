import { z } from 'zod'
import { lastDecision } from '../db/decisions.ts'
import { scheduleReportOf } from '../db/schedule-reports.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import type { IssueConflict } from '../domain/schedule-report.ts'
import { UserError } from '../lib/errors.ts'
import { ciSentence } from '../messages/ci.ts'
import { ciViewOf } from '../pull-requests/ci/ci-view.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { clock, pathsOf } from './lib/scheduled.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

/** Rows of the conflict matrix that are shown. */
const mostConflicts = 10

export const command = defineCommand({
  name: 'why',
  summary: 'Says why an issue is, or is not, being worked on, from the recorded decision',
  examples: ['/why', '/why #12'],
  args: z.strictObject({ issue: z.string().max(20).optional().describe('Another issue of this repository') }),
  words: ['issue'],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context, args): Promise<Reply> {
    const item = args.issue === undefined ? context.item : await named(context, args.issue)
    if (!item) {
      const text = `Nothing is queued here, so nothing was decided. ${typed(context, 'queue')} queues it.`
      return { text, outcome: 'done' }
    }
    const parts = [await replay(context, item), await conflictsOf(context, item)]
    return { text: parts.filter(Boolean).join('\n\n'), outcome: 'done' }
  },
})

async function named({ tx, repo }: CommandContext, issue: string): Promise<ItemRow> {
  const number = /^#?(\d{1,9})$/.exec(issue)?.[1]
  if (!number) throw new UserError(`\`${issue.replaceAll('`', "'")}\` names no issue.`, 'Say it like this: `/why #12`.')
  const item = await itemOfIssue(tx.db, repo.id, Number(number))
  if (!item)
    throw new UserError(`#${number} is no work item of mine.`, 'Only issues that were queued are decided about.')
  return item
}

/** The decision in the words in which it was recorded, and where the item stands now. */
async function replay(context: CommandContext, item: ItemRow): Promise<string> {
  const { db } = context.tx
  const now = item.id === context.item?.id ? '' : `#${item.issueNumber}: `
  const last = await lastDecision(db, item.id)
  if (last?.action === 'wait' && (item.state === 'ready' || item.state === 'planning')) {
    const ci = ciSentence(await ciViewOf(db, item, context.repo))
    return `${ci ? `${ci} ` : ''}${last.explanation}\n\n${last.rank}\n\n<sub>So it stands since ${clock(last.createdAt)}.</sub>`
  }
  const started = await lastDecision(db, item.id, 'start')
  const because = started && /^\S+ starts now: (.*)$/s.exec(started.explanation)?.[1]
  const begun =
    started && because ? `It was last started at ${clock(started.createdAt)}: ${because} ${started.rank}` : ''
  const where = `${now}${await statusSentence(context, item)}`
  return [where, begun].filter(Boolean).join('\n\n')
}

async function conflictsOf({ tx, repo }: CommandContext, item: ItemRow): Promise<string> {
  if (item.repositoryId !== repo.id) return ''
  const { issueNumber } = item
  const pairs = ((await scheduleReportOf(tx.db, repo.id))?.conflicts ?? []).filter(
    ({ a, b }) => a === issueNumber || b === issueNumber,
  )
  if (pairs.length === 0) return ''
  const rows = pairs.slice(0, mostConflicts).map((pair) => row(pair, issueNumber))
  const more = pairs.length > mostConflicts ? [`- and ${pairs.length - mostConflicts} more`] : []
  return ['It touches the same files as these, and so is not run together with them:', '', ...rows, ...more].join('\n')
}

function row({ a, b, overlaps }: IssueConflict, issueNumber: number): string {
  return `- #${a === issueNumber ? b : a}: ${pathsOf(overlaps)}`
}
