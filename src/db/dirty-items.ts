/**
 * What has changed since the scheduler last looked, so that a look costs what changed and not the whole backlog.
 *
 * Triggers note every item whose row, dependencies or footprint were written. A look takes the notes that it can see
 * and stamps them with its number; a transaction that commits later is not seen and is found by the next look, however
 * long it took. So no clock and no order of commits is relied on.
 */

import { and, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Tx } from './connect.ts'
import { changes, locks } from './schema/core.ts'

/** Stamped notes are kept for this many looks, for other processes that looked last some time ago. */
const keptLooks = 500

/** The turn of one look at the backlog. */
export interface Turn {
  /** Its number. */
  look: number
  /** Items that may be different from what a process knows that last looked at `since`; undefined: anything may be. */
  changed: Set<number> | undefined
}

/**
 * Takes the schedule's lock until the transaction ends, and reads what has changed.
 * @param since the number of the last look of the caller; undefined when it knows nothing yet.
 */
export async function takeTurn(tx: Tx, since: number | undefined): Promise<Turn> {
  const [lock] = await tx.db
    .insert(locks)
    .values({ name: 'schedule', turns: 1 })
    .onConflictDoUpdate({ target: locks.name, set: { turns: sql`${locks.turns} + 1` } })
    .returning({ turns: locks.turns })
  const look = lock?.turns ?? 1
  const fresh = await tx.db
    .update(changes)
    .set({ look })
    .where(isNull(changes.look))
    .returning({ id: changes.workItemId })
  if (look % 100 === 0) await tx.db.delete(changes).where(lt(changes.look, look - keptLooks))
  // A number from the future: the database is another one than it was, restored from a copy perhaps.
  if (since === undefined || since >= look || since < look - keptLooks + 100) return { look, changed: undefined }
  const others = since < look - 1 ? await stamped(tx, since, look) : []
  return { look, changed: new Set([...fresh, ...others].map((row) => row.id)) }
}

function stamped(tx: Tx, since: number, look: number): Promise<{ id: number }[]> {
  return tx.db
    .select({ id: changes.workItemId })
    .from(changes)
    .where(and(gt(changes.look, since), lt(changes.look, look)))
}
