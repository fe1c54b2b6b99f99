/**
 * What has changed since the scheduler last ran, so that a pass costs what changed and not the whole backlog.
 *
 * Triggers note every item whose row, dependencies or footprint were written. A pass takes the notes that it can see
 * and stamps them with its number; a transaction that commits later is not seen and is found by the next pass, however
 * long it took. So no clock and no order of commits is relied on.
 */

import { and, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Tx } from './connect.ts'
import { dirtyItems, locks } from './schema/core.ts'

/** Stamped notes are kept for this many passes, for processes whose last pass was some time ago. */
const keptPasses = 500

/** What one pass over the backlog has to read. */
export interface DirtyItems {
  /** Its number. */
  pass: number
  /** Items that may be different from what a process knows whose last pass was `since`; undefined: anything may be. */
  changed: Set<number> | undefined
}

/**
 * Takes the schedule's lock until the transaction ends, and reads what has changed.
 * @param since the number of the last pass of the caller; undefined when it knows nothing yet.
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
  // A number from the future: the database is another one than it was, restored from a copy perhaps.
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
