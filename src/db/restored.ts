/** Whether this database was restored from a backup: GitHub then holds more of ours than the database knows. */

import { and, eq, gt, sql } from 'drizzle-orm'
import type { Database } from './connect.ts'
import { idempotencyKeys } from './schema/deliveries.ts'

/** What a restore leaves among the keys. */
export const restoredKey = 'restored'
/** By then every issue and pull request that is still open has been gone through. */
const doubtDays = 30

/** Whether it was restored in the last 30 days, by the clock of the database. */
export async function restoredLately(db: Database): Promise<boolean> {
  const since = sql`now() - ${doubtDays} * interval '1 day'`
  const rows = await db
    .select({ key: idempotencyKeys.key })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.key, restoredKey), gt(idempotencyKeys.createdAt, since)))
  return rows.length > 0
}
