/** The running processes of this Tutti. The leases and effects of a dead one are released to the others. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { and, eq, inArray, isNotNull, lt, notInArray, or, sql } from 'drizzle-orm'
import { isAlive, startTimeOf } from '../lib/process-table.ts'
import type { Database, Store } from './connect.ts'
import { effects } from './schema/effects.ts'
import { processes } from './schema/processes.ts'
import { runs } from './schema/runs.ts'

/** Registers this process. @returns its id, the owner of its leases. */
export async function registerProcess(db: Database): Promise<string> {
  const id = randomUUID()
  await db.insert(processes).values({ id, host: hostname(), pid: process.pid, pidStartTime: startTimeOf(process.pid) })
  return id
}

/** Records that this process is alive. */
export async function recordHeartbeat(db: Database, id: string): Promise<void> {
  await db.update(processes).set({ heartbeatAt: new Date() }).where(eq(processes.id, id))
}

/** Removes this process at an orderly stop. */
export async function deregisterProcess(db: Database, id: string): Promise<void> {
  await db.delete(processes).where(eq(processes.id, id))
}

/**
 * Releases the work of dead processes: their effects become pending again, and their runs lose the lease, as does any
 * run without a heartbeat for `timeoutMs`. A process of this machine is dead when its pid is gone, one of another
 * machine when it has sent no heartbeat for `timeoutMs`.
 * @returns how many processes are dead, and the ids of the runs that lost their runner.
 */
export async function reapProcesses(
  store: Store,
  self: string,
  timeoutMs: number,
): Promise<{ dead: number; lost: number[] }> {
  const dead = (await otherProcesses(store.db, self)).filter((one) => isDead(one, timeoutMs))
  const ids = dead.map((one) => one.id)
  const silentSince = new Date(Date.now() - timeoutMs)
  return store.transaction(async (tx) => {
    if (ids.length > 0) await tx.db.delete(processes).where(inArray(processes.id, ids))
    const alive = tx.db.select({ id: processes.id }).from(processes)
    const freed = await tx.db
      .update(effects)
      .set({ state: 'pending', claimedBy: null })
      .where(and(eq(effects.state, 'in_progress'), notInArray(effects.claimedBy, alive)))
      .returning({ id: effects.id })
    if (freed.length > 0) await tx.enqueue({ queue: 'publish-effects' })
    // The epoch increases with the loss: every later write of the old runner is stale.
    const lost = await tx.db
      .update(runs)
      .set({ leaseOwner: null, leaseEpoch: sql`${runs.leaseEpoch} + 1` })
      .where(
        and(
          inArray(runs.stage, ['agent', 'gates']),
          // A live process may have lost a run, too: the database was unavailable when the end of the run was to be
          // stored.
          or(notInArray(runs.leaseOwner, alive), and(isNotNull(runs.leaseOwner), lt(runs.heartbeatAt, silentSince))),
        ),
      )
      .returning({ id: runs.id })
    return { dead: dead.length, lost: lost.map((run) => run.id) }
  })
}

/**
 * Requeues the jobs of dead processes. pg-boss does not store which process has a job. So while another process is
 * alive this does nothing: pg-boss requeues the jobs that miss their heartbeat.
 */
export async function requeueJobs(store: Store, self: string, timeoutMs: number): Promise<void> {
  if ((await otherProcesses(store.db, self)).some((one) => !isDead(one, timeoutMs))) return
  const active = await store.db.execute(sql`select name, id, retry_count from pgboss.job where state = 'active'`)
  const { rows } = active as unknown as { rows: { name: string; id: string; retry_count: number }[] }
  await store.queues.requeue(rows.map(({ name, id, retry_count }) => ({ name, id, retryCount: retry_count })))
}

type ProcessRow = typeof processes.$inferSelect

async function otherProcesses(db: Database, self: string): Promise<ProcessRow[]> {
  return db
    .select()
    .from(processes)
    .where(notInArray(processes.id, [self]))
}

/** See `reapProcesses`. */
function isDead(row: ProcessRow, timeoutMs: number): boolean {
  return row.host === hostname()
    ? !isAlive({ pid: row.pid, startTime: row.pidStartTime })
    : row.heartbeatAt < new Date(Date.now() - timeoutMs)
}
