/** The running processes of this Tutti. What a dead one held is given back to the others. All times are the database's. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { and, eq, inArray, isNotNull, isNull, lt, notInArray, or, sql } from 'drizzle-orm'
import { isAlive, startTimeOf } from '../lib/process-table.ts'
import type { Database, Store, Tx } from './connect.ts'
import { effects, processes, runs } from './schema/core.ts'

/** Registers this process. @returns its id, the owner of its leases. */
export async function registerProcess(db: Database): Promise<string> {
  const id = randomUUID()
  await recordHeartbeat(db, id)
  return id
}

/**
 * Says that this process is alive. One that was silent for long may have been taken off the list: it comes back, or
 * whatever it claims from now on would be taken from it at once.
 */
export async function recordHeartbeat(db: Database, id: string): Promise<void> {
  await db
    .insert(processes)
    .values({ id, host: hostname(), pid: process.pid, pidStartTime: startTimeOf(process.pid), heartbeatAt: sql`now()` })
    .onConflictDoUpdate({ target: processes.id, set: { heartbeatAt: sql`now()` } })
}

/** Takes this process off the list (an orderly stop). */
export async function deregisterProcess(db: Database, id: string): Promise<void> {
  await db.delete(processes).where(eq(processes.id, id))
}

/**
 * Frees what dead processes held: effects they were carrying out are wanted again, their runs lose the lease, as does
 * any run without a heartbeat for `timeoutMs`. A process of this machine is dead when its pid is gone; one of another
 * machine when it has been silent for `timeoutMs`.
 * @param takeOver goes on with the runs that lost their runner, in the same transaction: whoever dies in between leaves
 * everything as it was.
 * @returns how many processes are gone, and the ids of these runs.
 */
export async function reapProcesses(
  store: Store,
  self: string,
  timeoutMs: number,
  takeOver: (tx: Tx, lost: readonly number[]) => Promise<void>,
): Promise<{ dead: number; lost: number[] }> {
  const dead = (await others(store.db, self, timeoutMs)).filter(isDead).map(({ id }) => id)
  return store.transaction(async (tx) => {
    if (dead.length > 0) await tx.db.delete(processes).where(inArray(processes.id, dead))
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
        or(
          and(
            inArray(runs.stage, ['agent', 'gates']),
            // A living process may have lost a run as well: the database was away when its end was to be written.
            or(
              notInArray(runs.leaseOwner, alive),
              and(isNotNull(runs.leaseOwner), lt(runs.heartbeatAt, silentSince(timeoutMs))),
            ),
          ),
          // An agent is at work under a lease or not at all.
          and(eq(runs.stage, 'agent'), isNull(runs.leaseOwner)),
        ),
      )
      .returning({ id: runs.id })
    const ids = lost.map((run) => run.id)
    await takeOver(tx, ids)
    return { dead: dead.length, lost: ids }
  })
}

/**
 * Gives back, at the start of this process, the jobs that dead ones had taken. Which process holds a job is not known:
 * while another one lives, these are the jobs that have missed their heartbeat; where none does, all.
 */
export async function requeueJobs(store: Store, self: string, timeoutMs: number): Promise<void> {
  const alone = (await others(store.db, self, timeoutMs)).every(isDead)
  await store.queues.giveBack(store.db, alone ? 'all' : 'silent')
}

interface OtherProcess {
  id: string
  host: string
  pid: number
  pidStartTime: string
  silent: boolean
}

async function others(db: Database, self: string, timeoutMs: number): Promise<OtherProcess[]> {
  return db
    .select({
      id: processes.id,
      host: processes.host,
      pid: processes.pid,
      pidStartTime: processes.pidStartTime,
      silent: sql<boolean>`${processes.heartbeatAt} < ${silentSince(timeoutMs)}`,
    })
    .from(processes)
    .where(notInArray(processes.id, [self]))
}

function silentSince(timeoutMs: number) {
  return sql`now() - ${timeoutMs / 1_000} * interval '1 second'`
}

/** One of this machine is dead when its pid is gone, one of another machine when it has been silent for long. */
function isDead(one: OtherProcess): boolean {
  return one.host === hostname() ? !isAlive({ pid: one.pid, startTime: one.pidStartTime }) : one.silent
}
