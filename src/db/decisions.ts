/** The scheduler's decisions about each item. `/why` and `/status` show them. */

import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { decisions } from './schema/schedule.ts'
import { workItems } from './schema/work-items.ts'

export type DecisionRow = typeof decisions.$inferSelect

/** Stores decisions in this order. */
export async function saveDecisions(tx: Tx, rows: (typeof decisions.$inferInsert)[]): Promise<void> {
  // Postgres accepts at most 65,535 values in one statement.
  for (let from = 0; from < rows.length; from += 5_000)
    await tx.db.insert(decisions).values(rows.slice(from, from + 5_000))
}

/**
 * The last decision about every item in a state that the scheduler decides about, by item.
 * @param of only these items.
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

/** The last decision about an item. @param action only decisions of this kind. */
export async function lastDecision(db: Database, workItemId: number, action?: 'start' | 'wait') {
  const [row] = await db
    .select()
    .from(decisions)
    .where(and(eq(decisions.workItemId, workItemId), action && eq(decisions.action, action)))
    .orderBy(sql`${decisions.id} desc`)
    .limit(1)
  return row
}
