/**
 * Queues had other names before version 0.2. When the queues start, the jobs that an older Tutti has left in them are
 * moved, so that an upgrade loses none.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { PgBoss } from 'pg-boss'
import { type Effect, followUpOf } from '../domain/effects.ts'
import type { Job, QueueName } from '../domain/jobs.ts'

const names: Readonly<Record<string, QueueName>> = {
  'deliver-event': 'process-delivery',
  enlist: 'triage',
  roadmap: 'sync-roadmap',
  run: 'run-agent',
  check: 'run-gates',
  settle: 'after-run',
  planned: 'on-plan-submitted',
  propose: 'open-pull-request',
  merge: 'merge-pull-request',
  tidy: 'clean-up',
  publish: 'publish-effects',
}
/** The queues that reacted to any published effect. The kind of the effect decides which queue that is now. */
const reactions = ['created', 'published']

/** A connection that can run a statement. */
interface Sql {
  execute(query: SQL): PromiseLike<unknown>
}

interface OldJob {
  data: object
  start_after: Date | string
}

/** Moves the jobs of queues with old names and deletes these queues. A second call finds none. */
export async function moveRenamedQueues(
  boss: PgBoss,
  existing: Iterable<string>,
  db: Sql,
  send: (job: Job, after: Date) => Promise<unknown>,
): Promise<void> {
  for (const old of existing) {
    if (!names[old] && !reactions.includes(old)) continue
    // Active ones, too: the processes that ran them have ended before the upgrade.
    const found = await db.execute(
      sql`select data, start_after from pgboss.job where name = ${old} and state in ('created', 'retry', 'active')`,
    )
    for (const { data, start_after } of (found as unknown as { rows: OldJob[] }).rows) {
      const job = await renamed(db, old, data)
      if (job) await send(job, new Date(start_after))
    }
    await boss.deleteQueue(old)
  }
}

async function renamed(db: Sql, old: string, data: object): Promise<Job | undefined> {
  const queue = names[old]
  if (queue) return { queue, ...data } as Job
  const { effectId } = data as { effectId?: number }
  if (effectId === undefined) return undefined
  const found = await db.execute(sql`select kind, payload from effects where id = ${effectId}`)
  const [effect] = (found as { rows: Effect[] }).rows
  return effect && followUpOf(effect, effectId)
}
