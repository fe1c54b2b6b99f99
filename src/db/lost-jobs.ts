/** Jobs whose process ended while it was at work on them. */

import { type SQL, sql } from 'drizzle-orm'

/** What can run a statement. */
interface Sql {
  execute(query: SQL): PromiseLike<unknown>
}

/**
 * Has jobs taken up again whose process is gone, in one statement. That its process ended is no failure of a job, so it
 * keeps the tries that it has left: pg-boss counts every claim as a try (`fetchNextJob`), and the limit goes up with it.
 * By how much it is above the queue's own says how many processes have ended with the job.
 * @param which `silent`: those that have missed their heartbeat; `all`: also those that have not yet.
 * @param except ids of the jobs that this process is at work on.
 * @returns the names of their queues.
 */
export async function requeueLostJobs(
  db: Sql,
  queues: readonly string[],
  which: 'silent' | 'all',
  except: readonly string[],
): Promise<string[]> {
  const list = (values: readonly string[]) =>
    sql.join(
      values.map((value) => sql`${value}`),
      sql`, `,
    )
  const silent = sql`and heartbeat_on + heartbeat_seconds * interval '1 second' < now()`
  const result = await db.execute(sql`
    update pgboss.job
    set state = 'retry', retry_limit = retry_limit + 1, start_after = now(), heartbeat_on = null
    where state = 'active' and name in (${list(queues)})
      ${which === 'silent' ? silent : sql``}
      ${except.length > 0 ? sql`and id not in (${list(except)})` : sql``}
    returning name`)
  return [...new Set((result as { rows: { name: string }[] }).rows.map(({ name }) => name))]
}
