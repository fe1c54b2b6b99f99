/** The scheduler's passes, as the queue has them. */

import { max, sql } from 'drizzle-orm'
import type { Database } from './connect.ts'
import { runs } from './schema/runs.ts'

/** Whether a pass of the scheduler waits or is under way. */
export async function passIsDue(db: Database): Promise<boolean> {
  const { rows } = (await db.execute(sql`
    select 1 from pgboss.job
    where name = 'schedule' and state < 'completed' and (state = 'active' or start_after <= now()) limit 1
  `)) as unknown as { rows: unknown[] }
  return rows.length > 0
}

/** The id of the newest run of all repositories; 0 before the first. */
export async function newestRunId(db: Database): Promise<number> {
  const [row] = await db.select({ id: max(runs.id) }).from(runs)
  return row?.id ?? 0
}
