/** Which finished items have been sent to a collector. */

import { and, asc, eq, gt, inArray, isNull } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import { currentMs } from '../lib/clock.ts'
import type { Database } from './connect.ts'
import { itemTraces, workItems } from './schema/work-items.ts'

/** What ended longer ago is not sent any more: a collector that is new would get all of the past. */
const notOlderThanMs = 24 * 3_600_000

/** The ids of finished items that have not been sent, oldest first. */
export async function untracedItems(db: Database, limit: number): Promise<number[]> {
  const rows = await db
    .select({ id: workItems.id })
    .from(workItems)
    .leftJoin(itemTraces, eq(itemTraces.workItemId, workItems.id))
    .where(
      and(
        inArray(workItems.state, [...terminalStates]),
        gt(workItems.updatedAt, new Date(currentMs() - notOlderThanMs)),
        isNull(itemTraces.workItemId),
      ),
    )
    .orderBy(asc(workItems.updatedAt), asc(workItems.id))
    .limit(limit)
  return rows.map(({ id }) => id)
}

/** Notes that an item has been sent. */
export async function markTraced(db: Database, workItemId: number): Promise<void> {
  await db.insert(itemTraces).values({ workItemId }).onConflictDoNothing()
}
