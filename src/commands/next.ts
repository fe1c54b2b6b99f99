import { and, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { scheduleReportOf } from '../db/schedule-reports.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { activeStates } from '../domain/lifecycle.ts'
import type { ScheduleReport } from '../domain/schedule-report.ts'
import * as messages from '../messages/commands/schedule.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'

const usualCount = 5

export const command = defineCommand({
  name: 'next',
  summary: 'Lists what is started next in this repository, and what it waits for',
  examples: ['/next', '/next 10'],
  args: z.strictObject({ count: z.number().int().min(1).max(30).optional().describe(`How many; ${usualCount}`) }),
  positional: ['count'],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context, args): Promise<Reply> {
    const { tx, repo } = context
    const report = await scheduleReportOf(tx.db, repo.id)
    if (!report) return { text: messages.neverQueued, outcome: 'done' }
    const shown = report.next.slice(0, args.count ?? usualCount)
    const titles = await titlesOf(
      context,
      shown.map(({ issue }) => issue),
    )
    const rows = shown.map((one, at) => messages.nextRow(at + 1, { ...one, title: titles.get(one.issue) ?? '' }))
    const parts = [await atWork(context, report), rows.join('\n'), notListed(report, shown.length)]
    return { text: parts.filter(Boolean).join('\n\n'), outcome: 'done' }
  },
})

async function titlesOf({ tx, repo }: CommandContext, issues: number[]): Promise<Map<number, string>> {
  if (issues.length === 0) return new Map()
  const rows = await tx.db
    .select({ issue: workItems.issueNumber, title: workItems.title })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repo.id), inArray(workItems.issueNumber, issues)))
  return new Map(rows.map(({ issue, title }) => [issue, title]))
}

async function atWork({ tx, repo }: CommandContext, { mode, modeIsSet }: ScheduleReport): Promise<string> {
  const rows = await tx.db
    .select({ issue: workItems.issueNumber, inThread: runs.inThread })
    .from(workItems)
    .leftJoin(runs, and(eq(runs.workItemId, workItems.id), eq(runs.stage, 'agent')))
    .where(and(eq(workItems.repositoryId, repo.id), inArray(workItems.state, [...activeStates])))
    .orderBy(workItems.issueNumber)
  const inThreads = rows.filter(({ inThread }) => inThread).map(({ issue }) => issue)
  const issues = rows.map(({ issue }) => issue)
  return messages.atWork(issues, inThreads, { name: mode, set: modeIsSet })
}

function notListed({ next, more, blocked }: ScheduleReport, shown: number): string {
  const left = next.length + more - shown
  return messages.notListed({ none: next.length === 0, left, blocked })
}
