/**
 * What the scheduler saw of a system when it last looked: the record that `/next`, `/why` and the roadmap picture read.
 * They show it and never decide anything themselves.
 */

import { eq, inArray, sql } from 'drizzle-orm'
import type { ScheduleReport } from '../domain/schedule-report.ts'
import type { Database } from './connect.ts'
import { scheduleReports } from './schema/schedule.ts'

/** Keeps what was seen, by system; a row that says so already stays untouched. */
export async function saveScheduleReports(db: Database, seen: ReadonlyMap<number, ScheduleReport>): Promise<void> {
  if (seen.size === 0) return
  await db
    .insert(scheduleReports)
    .values([...seen].map(([repositoryId, content]) => ({ repositoryId, content })))
    .onConflictDoUpdate({
      target: scheduleReports.repositoryId,
      set: { content: sql`excluded.content`, updatedAt: new Date() },
      setWhere: sql`${scheduleReports.content} <> excluded.content`,
    })
}

/** What was last seen of a system; undefined before the first look. */
export async function scheduleReportOf(db: Database, repositoryId: number): Promise<ScheduleReport | undefined> {
  const [row] = await db.select().from(scheduleReports).where(eq(scheduleReports.repositoryId, repositoryId))
  return row?.content
}

/** The same for several systems, by system. */
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
