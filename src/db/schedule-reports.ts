/**
 * What the scheduler saw of a system when it last looked: the record that `/next`, `/why` and the roadmap picture read.
 * They show it and never decide anything themselves.
 */

import { eq, inArray, sql } from 'drizzle-orm'
import type { Outlook } from '../domain/schedule-report.ts'
import type { Database } from './connect.ts'
import { outlooks } from './schema/schedule.ts'

/** Keeps what was seen, by system; a row that says so already stays untouched. */
export async function saveOutlooks(db: Database, seen: ReadonlyMap<number, Outlook>): Promise<void> {
  if (seen.size === 0) return
  await db
    .insert(outlooks)
    .values([...seen].map(([systemId, content]) => ({ systemId, content })))
    .onConflictDoUpdate({
      target: outlooks.systemId,
      set: { content: sql`excluded.content`, updatedAt: new Date() },
      setWhere: sql`${outlooks.content} <> excluded.content`,
    })
}

/** What was last seen of a system; undefined before the first look. */
export async function outlookOf(db: Database, systemId: number): Promise<Outlook | undefined> {
  const [row] = await db.select().from(outlooks).where(eq(outlooks.systemId, systemId))
  return row?.content
}

/** The same for several systems, by system. */
export async function outlooksOf(db: Database, systemIds: readonly number[]): Promise<Map<number, Outlook>> {
  if (systemIds.length === 0) return new Map()
  const rows = await db
    .select()
    .from(outlooks)
    .where(inArray(outlooks.systemId, [...systemIds]))
  return new Map(rows.map((row) => [row.systemId, row.content]))
}
