/**
 * The items that have changed since the scheduler last ran, so that the cost of a pass depends on the changes and not
 * on the size of the backlog.
 *
 * Triggers add a row for every item whose row, dependencies or footprint were written. A pass stamps the rows that are
 * visible to it with its number. A transaction that commits later is not visible yet: the next pass finds its rows,
 * however long it took. So the result depends on no clock and on no order of commits.
 */

import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Tx } from './connect.ts'
import { locks } from './schema/processes.ts'
import { dirtyItems } from './schema/schedule.ts'

/** Stamped rows are kept for this many passes, for processes whose last pass was some time ago. */
const keptPasses = 500

/** What one scheduler pass has to read. */
export interface DirtyItems {
  /** The number of the pass. */
  pass: number
  /** Items that may have changed since the pass `since`; undefined: all items may have. */
  changed: Set<number> | undefined
}

/** Takes the schedule's lock until the transaction ends, to start a run beside a pass of the scheduler. */
export async function lockSchedule(tx: Tx): Promise<void> {
  await tx.db.insert(locks).values({ name: 'schedule' }).onConflictDoNothing()
  await tx.db.select().from(locks).where(eq(locks.name, 'schedule')).for('update')
}

/**
 * Takes the schedule's lock until the transaction ends, and reads the changed items.
 * @param since the number of the caller's last pass; undefined when it has made none.
 */
export async function lockAndReadDirtyItems(tx: Tx, since: number | undefined): Promise<DirtyItems> {
  const [lock] = await tx.db
    .insert(locks)
    .values({ name: 'schedule', turns: 1 })
    .onConflictDoUpdate({ target: locks.name, set: { turns: sql`${locks.turns} + 1` } })
    .returning({ turns: locks.turns })
  const pass = lock?.turns ?? 1
  const fresh = await tx.db
    .update(dirtyItems)
    .set({ pass })
    .where(isNull(dirtyItems.pass))
    .returning({ id: dirtyItems.workItemId })
  if (pass % 100 === 0) await tx.db.delete(dirtyItems).where(lt(dirtyItems.pass, pass - keptPasses))
  // A number from the future: the database is not the one of the last pass. It may have been restored from a copy.
  if (since === undefined || since >= pass || since < pass - keptPasses + 100) return { pass, changed: undefined }
  const others = since < pass - 1 ? await stamped(tx, since, pass) : []
  return { pass, changed: new Set([...fresh, ...others].map((row) => row.id)) }
}

function stamped(tx: Tx, since: number, pass: number): Promise<{ id: number }[]> {
  return tx.db
    .select({ id: dirtyItems.workItemId })
    .from(dirtyItems)
    .where(and(gt(dirtyItems.pass, since), lt(dirtyItems.pass, pass)))
}
