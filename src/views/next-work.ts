/** What starts next in a repository, as the scheduler's last pass has it. */

import { and, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { scheduleReportOf } from '../db/schedule-reports.ts'
import { workItems } from '../db/schema/work-items.ts'
import { viewsOf, workItemView } from './work-queue.ts'

/** The next items, in their order. */
export const nextWorkView = z.object({
  items: z.array(
    workItemView.extend({
      rank: z.number().int().describe('1 starts first'),
      leverage: z.number().describe('How much finishing it frees, for its effort'),
      why: z.string().describe('What it waits for at the moment'),
    }),
  ),
  more: z.number().int().describe('Items that could start too'),
  blocked: z.number().int().describe('Items that wait for others or for people'),
  concurrencyMode: z.string(),
})
export type NextWorkView = z.infer<typeof nextWorkView>

/** What starts next. @param count at most so many, up to 30. */
export async function nextWorkOf(db: Database, repositoryId: number, count: number): Promise<NextWorkView> {
  const report = await scheduleReportOf(db, repositoryId)
  if (!report) return { items: [], more: 0, blocked: 0, concurrencyMode: 'auto' }
  const next = report.next.slice(0, count)
  const issues = next.map(({ issue }) => issue)
  const rows = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), inArray(workItems.issueNumber, issues)))
  const views = new Map((await viewsOf(db, rows)).map((view) => [view.issue, view]))
  const items = next.flatMap(({ issue, leverage, words }, at) => {
    const view = views.get(issue)
    return view ? [{ ...view, rank: at + 1, leverage, why: words }] : []
  })
  const left = report.next.length - next.length + report.more
  return { items, more: left, blocked: report.blocked, concurrencyMode: report.mode }
}
