/**
 * The scheduler's report about a repository after its last pass. `/next`, `/why` and roadmaps show it and never decide
 * anything themselves.
 */

import { eq, inArray, sql } from 'drizzle-orm'
import type { ScheduleReport } from '../domain/schedule-report.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database } from './connect.ts'
import { scheduleReports } from './schema/schedule.ts'

/** Stores reports, by repository. A row with the same content is not written. */
export async function saveScheduleReports(db: Database, reports: ReadonlyMap<number, ScheduleReport>): Promise<void> {
  if (reports.size === 0) return
  await db
    .insert(scheduleReports)
    .values([...reports].map(([repositoryId, content]) => ({ repositoryId, content })))
    .onConflictDoUpdate({
      target: scheduleReports.repositoryId,
      set: { content: sql`excluded.content`, updatedAt: currentTime() },
      setWhere: sql`${scheduleReports.content} <> excluded.content`,
    })
}

/** The last report about a repository; undefined before the first pass. */
export async function scheduleReportOf(db: Database, repositoryId: number): Promise<ScheduleReport | undefined> {
  const [row] = await db.select().from(scheduleReports).where(eq(scheduleReports.repositoryId, repositoryId))
  return row?.content
}

/** The last reports about several repositories, by repository. */
export async function scheduleReportsOf(
  db: Database,
  repositoryIds: readonly number[],
): Promise<Map<number, ScheduleReport>> {
  if (repositoryIds.length === 0) return new Map()
  const rows = await db
    .select()
    .from(scheduleReports)
    .where(inArray(scheduleReports.repositoryId, [...repositoryIds]))
  return new Map(rows.map((row) => [row.repositoryId, row.content]))
}
