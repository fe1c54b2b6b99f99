/**
 * What the scheduler saw of a system when it last looked: the record that `/next`, `/why` and the roadmap picture read.
 * They show it and never decide anything themselves.
 */

import { eq, inArray, sql } from 'drizzle-orm'
import type { Database } from './connect.ts'
import { outlooks } from './schema/schedule.ts'

export interface Outlook {
  /** How many items are worked on side by side: one after another, up to four, more. */
  mode: 'sequential' | 'parallel-async' | 'parallel-threads'
  /** Whether the settings ask for it; otherwise it follows from what can run together. */
  modeIsSet: boolean
  /** What starts next, the first first; what waits for another item or for a person is not in it. */
  next: { issue: number; leverage: number; words: string }[]
  /** How many more could start than `next` holds, and how many wait for something else. */
  more: number
  blocked: number
  /** Pairs of issues of this system that would touch the same files. */
  conflicts: Conflict[]
  /** The plan that is followed: so many items, and hours until they are done. */
  plan: { items: number; hours: number } | null
  /** Kinds of agent whose cost is not known, so that a budget keeps nothing for them before they start. */
  unreserved?: string[]
}

export interface Conflict {
  a: number
  b: number
  /** Patterns of each side that meet. */
  overlaps: { mine: string; theirs: string }[]
}

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
