/** The running processes of this Tutti. What a dead one held is given back to the others. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { and, eq, inArray, isNotNull, lt, notInArray, or, sql } from 'drizzle-orm'
import { isAlive, startTimeOf } from '../lib/process-table.ts'
import type { Database, Store } from './connect.ts'
import { effects, processes, runs } from './schema/core.ts'

/** Registers this process. @returns its id, the owner of its leases. */
export async function registerProcess(db: Database): Promise<string> {
  const id = randomUUID()
  await db.insert(processes).values({ id, host: hostname(), pid: process.pid, pidStartTime: startTimeOf(process.pid) })
  return id
}

/** Says that this process is alive. */
export async function recordHeartbeat(db: Database, id: string): Promise<void> {
  await db.update(processes).set({ heartbeatAt: new Date() }).where(eq(processes.id, id))
}

/** Takes this process off the list (an orderly stop). */
export async function deregisterProcess(db: Database, id: string): Promise<void> {
  await db.delete(processes).where(eq(processes.id, id))
}

/**
 * Frees what dead processes held: effects they were carrying out are wanted again, their runs lose the lease, as does
 * any run without a heartbeat for `timeoutMs`. A process
 * of this machine is dead when its pid is gone; one of another machine when it has been silent for `timeoutMs`.
 * @returns how many processes are gone, and the ids of the runs that lost their runner.
 */
export async function reapProcesses(
  store: Store,
  self: string,
  timeoutMs: number,
): Promise<{ dead: number; lost: number[] }> {
  const dead = (await others(store.db, self)).filter((one) => isDead(one, timeoutMs))
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
    // The epoch goes up with the loss: whatever the old runner still writes is stale.
    const lost = await tx.db
      .update(runs)
      .set({ leaseOwner: null, leaseEpoch: sql`${runs.leaseEpoch} + 1` })
      .where(
        and(
          inArray(runs.stage, ['agent', 'gates']),
          // A living process may have lost a run as well: the database was away when its end was to be written.
          or(notInArray(runs.leaseOwner, alive), and(isNotNull(runs.leaseOwner), lt(runs.heartbeatAt, silentSince))),
        ),
      )
      .returning({ id: runs.id })
    return { dead: dead.length, lost: lost.map((run) => run.id) }
  })
}

/**
 * Gives back the jobs that dead processes had taken. Which process holds a job is not known, so while another one lives
 * nothing is done: pg-boss gives back what has lost its heartbeat.
 */
export async function requeueJobs(store: Store, self: string, timeoutMs: number): Promise<void> {
  if ((await others(store.db, self)).some((one) => !isDead(one, timeoutMs))) return
  const active = await store.db.execute(sql`select name, id, retry_count from pgboss.job where state = 'active'`)
  const { rows } = active as unknown as { rows: { name: string; id: string; retry_count: number }[] }
  await store.queues.giveBack(rows.map(({ name, id, retry_count }) => ({ name, id, retryCount: retry_count })))
}

type InstanceRow = typeof processes.$inferSelect

async function others(db: Database, self: string): Promise<InstanceRow[]> {
  return db
    .select()
    .from(processes)
    .where(notInArray(processes.id, [self]))
}

/** One of this machine is dead when its pid is gone, one of another machine when it has been silent for long. */
function isDead(one: InstanceRow, timeoutMs: number): boolean {
  return one.host === hostname()
    ? !isAlive({ pid: one.pid, startTime: one.pidStartTime })
    : one.heartbeatAt < new Date(Date.now() - timeoutMs)
}
