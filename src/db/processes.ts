/** The running processes of this Tutti. The leases and effects of a dead one are released to the others. */

import { randomUUID } from 'node:crypto'
import { and, eq, inArray, isNotNull, isNull, lt, notInArray, or, sql } from 'drizzle-orm'
import type { ProcessPart } from '../domain/process-role.ts'
import type { Closers } from '../lib/closers.ts'
import { isAlive, processScope, startTimeOf } from '../lib/process-table.ts'
import type { Database, Store, Tx } from './connect.ts'
import { effects } from './schema/effects.ts'
import { processes } from './schema/processes.ts'
import { runs } from './schema/runs.ts'

/** What a process says about itself. */
export interface ProcessFacts extends ProcessPart {
  /** Names its data directory; see `config/data-directory.ts`. */
  place: string
}

/** Registers this process. @returns its id, the owner of its leases. */
export async function registerProcess(db: Database, facts?: ProcessFacts): Promise<string> {
  const id = randomUUID()
  await recordHeartbeat(db, id, facts)
  return id
}

/**
 * Registers this process and requeues the jobs of processes that are gone.
 * @returns its id, which is removed at an orderly stop.
 */
export async function joinProcesses(
  store: Store,
  facts: ProcessFacts,
  timeoutMs: number,
  closers: Closers,
): Promise<string> {
  const id = await registerProcess(store.db, facts)
  closers.push(() => deregisterProcess(store.db, id))
  await requeueJobs(store, id, timeoutMs)
  return id
}

/**
 * Records that this process is alive. A process that was silent for long may have been removed. It is added again,
 * because its claims would be released at once otherwise.
 */
export async function recordHeartbeat(db: Database, id: string, facts?: ProcessFacts): Promise<void> {
  const now = { heartbeatAt: sql`now()`, freeMemory: process.availableMemory() }
  await db
    .insert(processes)
    .values({ id, host: processScope(), pid: process.pid, pidStartTime: startTimeOf(process.pid), ...facts, ...now })
    .onConflictDoUpdate({ target: processes.id, set: now })
}

/** Removes this process at an orderly stop. */
export async function deregisterProcess(db: Database, id: string): Promise<void> {
  await db.delete(processes).where(eq(processes.id, id))
}

/**
 * Releases the work of dead processes: their effects become pending again, and their runs lose the lease, as does any
 * effect and any run without a sign of life for `timeoutMs`. A process of this machine is dead when its pid is gone, one of another
 * machine when it has sent no heartbeat for `timeoutMs`. All times are the database's.
 * @param takeOver continues the runs that lost their runner, in the same transaction: when this process dies in between,
 * nothing is released.
 * @returns how many processes are dead, and the ids of these runs.
 */
export async function reapProcesses(
  store: Store,
  self: string,
  timeoutMs: number,
  takeOver: (tx: Tx, lost: readonly number[]) => Promise<void>,
): Promise<{ dead: number; lost: number[] }> {
  const dead = (await otherProcesses(store.db, self, timeoutMs)).filter(isDead).map(({ id }) => id)
  return store.transaction(async (tx) => {
    if (dead.length > 0) await tx.db.delete(processes).where(inArray(processes.id, dead))
    const alive = tx.db.select({ id: processes.id }).from(processes)
    const freed = await tx.db
      .update(effects)
      .set({ state: 'pending', claimedBy: null })
      .where(
        and(
          eq(effects.state, 'in_progress'),
          // The pid of a frozen process is there, and it may be for hours.
          or(notInArray(effects.claimedBy, alive), lt(effects.claimedAt, silentSince(timeoutMs))),
        ),
      )
      .returning({ id: effects.id })
    if (freed.length > 0) await tx.enqueue({ queue: 'publish-effects' })
    // The epoch increases with the loss: every later write of the old runner is stale.
    const lost = await tx.db
      .update(runs)
      .set({ leaseOwner: null, leaseEpoch: sql`${runs.leaseEpoch} + 1` })
      .where(
        or(
          and(
            inArray(runs.stage, ['agent', 'gates']),
            // A live process may have lost a run, too: the database was unavailable when the end of the run was to be
            // stored.
            or(
              notInArray(runs.leaseOwner, alive),
              and(isNotNull(runs.leaseOwner), lt(runs.heartbeatAt, silentSince(timeoutMs))),
            ),
          ),
          // An agent runs under a lease or not at all.
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
 * Requeues the jobs of dead processes, at the start of this one. pg-boss does not store which process has a job: while
 * another process is alive, these are the jobs that missed their heartbeat, otherwise all.
 */
export async function requeueJobs(store: Store, self: string, timeoutMs: number): Promise<void> {
  const alone = (await otherProcesses(store.db, self, timeoutMs)).every(isDead)
  await store.queues.requeue(store.db, alone ? 'all' : 'silent')
}

/** Ids of the other processes that are alive, as far as is known; see `reapProcesses`. */
export async function livingProcesses(db: Database, self: string, timeoutMs: number): Promise<string[]> {
  return (await otherProcesses(db, self, timeoutMs)).filter((other) => !isDead(other)).map(({ id }) => id)
}

interface OtherProcess {
  id: string
  host: string
  pid: number
  pidStartTime: string
  silent: boolean
}

async function otherProcesses(db: Database, self: string, timeoutMs: number): Promise<OtherProcess[]> {
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

/** See `reapProcesses`. */
function isDead(row: OtherProcess): boolean {
  return row.host === processScope() ? !isAlive({ pid: row.pid, startTime: row.pidStartTime }) : row.silent
}
