/** What the scheduler decided about each item, kept so that `/why` can say it again. */

import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { workItems } from './schema/core.ts'
import { decisions } from './schema/schedule.ts'

export type DecisionRow = typeof decisions.$inferSelect

/** Stores what was decided, the first first. */
export async function saveDecisions(tx: Tx, rows: (typeof decisions.$inferInsert)[]): Promise<void> {
  // Postgres takes 65,535 values in one statement.
  for (let from = 0; from < rows.length; from += 5_000)
    await tx.db.insert(decisions).values(rows.slice(from, from + 5_000))
}

/**
 * The last decision about every item that could be decided about now, by item.
 * @param of of these only.
 */
export async function currentDecisions(db: Database, of?: readonly number[]): Promise<Map<number, DecisionRow>> {
  if (of?.length === 0) return new Map()
  const those = of && inArray(workItems.id, [...of])
  const rows = await db
    .selectDistinctOn([decisions.workItemId], { decision: decisions })
    .from(decisions)
    .innerJoin(workItems, eq(decisions.workItemId, workItems.id))
    .where(and(inArray(workItems.state, ['ready', 'planning']), those))
    .orderBy(decisions.workItemId, desc(decisions.id))
  return new Map(rows.map(({ decision }) => [decision.workItemId, decision]))
}

/** The last decision about an item; the last one of that kind, when one is named. */
export async function lastDecision(db: Database, workItemId: number, action?: 'start' | 'wait') {
  const [row] = await db
    .select()
    .from(decisions)
    .where(and(eq(decisions.workItemId, workItemId), action && eq(decisions.action, action)))
    .orderBy(sql`${decisions.id} desc`)
    .limit(1)
  return row
}
