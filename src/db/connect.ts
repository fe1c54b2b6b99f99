/**
 * Opens the database: Postgres where `DATABASE_URL` is set, otherwise embedded PGlite in a data directory. Both have
 * the same schema and the same queues, and run the same code.
 */

import { fileURLToPath } from 'node:url'
import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'drizzle-orm'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { type DrizzleTransactionLike, fromDrizzle, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Job } from '../domain/jobs.ts'
import { OperatorError } from '../lib/errors.ts'
import type { ItemState } from '../lib/item-state.ts'
import { cannotUse } from './away.ts'
import { isDeadlock } from './data-error.ts'
import type { QueueOptions } from './define-job.ts'
import { lockDirectory } from './directory-lock.ts'
import { cannotOpenEmbedded, openEmbeddedDatabase } from './embedded.ts'
import { embeddedBossDatabase, openEmbeddedPool } from './embedded-pool.ts'
import { untilNoDeadlock } from './migration-tries.ts'
import { refuseNewerSchema } from './newer-schema.ts'
import { bossDatabase, endQuietly, openPool, type Pipeline, pipelineOf } from './postgres.ts'
import { type EnqueuedJob, Queues } from './queues.ts'
import { type DrizzleTransaction, inPgTransaction } from './transaction.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** What queries run on: the database itself, or one transaction of it. */
export type Database = PgDatabase<PgQueryResultHKT>

/** One transaction: rows and jobs commit together or not at all. */
export interface Tx {
  readonly db: DrizzleTransaction
  /** Queues a job with this transaction. `after`: not before this time. */
  enqueue(job: Job, options?: { after?: Date }): Promise<void>
  /**
   * Runs `work` after everything else and before the commit, in ascending `order`. For rows that many transactions
   * lock: all of them lock these rows last and in the same order, so no deadlock is possible.
   */
  beforeCommit(order: number, work: () => Promise<void>): void
  /** Notifies the watchers of the store after the commit. */
  notify(event: StoreEvent): void
}

/** A committed transition, for logs and live views. Delivery is not guaranteed: nothing may depend on it. */
export interface StoreEvent {
  repositoryId: number
  issueNumber: number
  from: ItemState
  to: ItemState
  actor: string
  why: string
}

export interface Store {
  readonly db: Database
  readonly queues: Queues
  readonly kind: 'postgres' | 'pglite'
  /** For transactions where every round trip counts. */
  readonly pipeline: Pipeline
  /**
   * Runs `work` in one transaction: either everything that it wrote and queued is committed, or nothing is. PGlite has
   * one connection: `work` must never wait for anything but the transaction itself.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Calls `watcher` with every committed transition of this process. */
  watch(watcher: (event: StoreEvent) => void): void
  /** Stops the queues (waiting for handlers up to a few seconds) and closes the database. */
  close(): Promise<void>
}

/** @throws {OperatorError} when the database cannot be reached or the directory is in use. */
export async function openStore(options: {
  /** Embedded PGlite in `directory` when absent. */
  databaseUrl?: string
  /** Absolute path of the data directory. */
  directory: string
  /** All queues. */
  queues: readonly QueueOptions[]
  log: Logger
  /**
   * For how many milliseconds another process that has the directory is waited for; `shared`: on a Postgres it may have
   * it too. Without `lock`, only an embedded database is locked.
   */
  lock?: { waitMs: number; shared: boolean }
}): Promise<Store> {
  const { databaseUrl, directory, lock, log } = options
  const locked = databaseUrl ? lock?.shared === false : true
  const unlock = locked ? await lockDirectory(directory, { waitMs: lock?.waitMs ?? 0, log }) : () => {}
  try {
    const store = await (databaseUrl ? openPostgres(databaseUrl, options) : openPglite(options))
    return { ...store, close: () => store.close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

interface Engine {
  queues: readonly QueueOptions[]
  log: Logger
}

// pg-boss maintains its tables by itself. Its statistics run every minute by default; here they run less often, because
// an idle orchestrator should be idle.
const lowFrequency = {
  monitorIntervalSeconds: 300,
  superviseIntervalSeconds: 30,
  schedule: false,
  reindex: false,
} as const

async function openPostgres(databaseUrl: string, engine: Engine): Promise<Store> {
  const { log } = engine
  await migratePostgres(databaseUrl, log)
  const pools = {
    work: openPool(databaseUrl, 10, log),
    queue: openPool(databaseUrl, 4, log),
    intake: openPool(databaseUrl, 4, log, { pipeline: true }),
  }
  const close = async () => void (await Promise.all(Object.values(pools).map(endQuietly)))
  const boss = new PgBoss({ db: bossDatabase(pools.queue, databaseUrl, log), useListenNotify: true, ...lowFrequency })
  const database = {
    kind: 'postgres' as const,
    db: drizzlePg(pools.work),
    begin: <T>(work: (tx: DrizzleTransaction) => Promise<T>) => inPgTransaction(pools.work, work),
    pipeline: pipelineOf(pools.intake),
  }
  return assemble(database, boss, engine, close)
}

async function migratePostgres(databaseUrl: string, log: Logger): Promise<void> {
  // A pool of its own: a migration of a large table takes longer than a statement may otherwise.
  const pool = openPool(databaseUrl, 2, log, { patient: true })
  try {
    // Two processes that start at once must not both migrate. The connection that migrates has the lock: were it another
    // one, that could be cut alone, and the next process would begin in the middle. CockroachDB has no advisory locks:
    // migrate there with one process first.
    const migrate = async () => {
      const client = await pool.connect()
      try {
        const db = drizzlePg(client)
        // A large table takes longer than the server may allow otherwise.
        await db.execute(sql`set statement_timeout = 0`)
        await db.execute(sql`select pg_advisory_lock(7849501)`)
        await refuseNewerSchema(db, migrationsFolder)
        await migratePg(db, { migrationsFolder })
      } finally {
        // Closed, which gives the lock back.
        client.release(true)
      }
    }
    await untilNoDeadlock(migrate, log)
  } catch (error) {
    throw error instanceof OperatorError ? error : cannotUse(error)
  } finally {
    await endQuietly(pool)
  }
}

async function openPglite({ directory, ...engine }: Engine & { directory: string }): Promise<Store> {
  let client: PGlite | undefined
  try {
    const opened = await openEmbeddedDatabase(directory)
    client = opened
    const pool = await openEmbeddedPool(opened, engine.log)
    const db = drizzlePg(pool)
    await refuseNewerSchema(db, migrationsFolder)
    await migratePg(db, { migrationsFolder })
    const boss = new PgBoss({
      ...{ db: embeddedBossDatabase(pool, opened), backend: 'pglite', useListenNotify: true },
      ...lowFrequency,
    })
    const begin = <T>(work: (tx: DrizzleTransaction) => Promise<T>) => inPgTransaction(pool, work, { limited: false })
    const close = async () => {
      await endQuietly(pool)
      await opened.close()
    }
    return await assemble({ kind: 'pglite', db, begin, pipeline: pipelineOf(pool) }, boss, engine, close)
  } catch (error) {
    await client?.close().catch(() => {})
    throw cannotOpenEmbedded(directory, error)
  }
}

/** Runs work in one transaction of the database, without jobs. */
type Begin = <T>(work: (tx: DrizzleTransaction) => Promise<T>) => Promise<T>

async function assemble(
  { begin, ...database }: Pick<Store, 'kind' | 'db' | 'pipeline'> & { begin: Begin },
  boss: PgBoss,
  engine: Engine,
  close: () => Promise<void>,
): Promise<Store> {
  const queues = new Queues(boss, engine.queues, engine.log)
  try {
    await queues.start(database.db)
  } catch (error) {
    await queues.stop().catch(() => {})
    await close()
    throw error
  }
  const watchers: ((event: StoreEvent) => void)[] = []
  return {
    ...database,
    queues,
    watch: (watcher) => watchers.push(watcher),
    transaction: (work) => inTransaction({ begin, queues, watchers }, work),
    close: async () => {
      await queues.stop()
      await close()
    },
  }
}

interface TransactionParts {
  begin: Begin
  queues: Queues
  watchers: ((event: StoreEvent) => void)[]
}

/** Of one that is rolled back each time since another one has waited for it, and it for that one. */
const mostTries = 4

/** A transaction that has lost a deadlock is run again at once: nothing of it has happened, and the other one is through. */
async function inTransaction<T>(parts: TransactionParts, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await onceInTransaction(parts, work)
    } catch (error) {
      if (tries === mostTries || !isDeadlock(error)) throw error
    }
  }
}

async function onceInTransaction<T>(
  { begin, queues, watchers }: TransactionParts,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const events: StoreEvent[] = []
  const sent: EnqueuedJob[] = []
  let deduplicated: Awaited<ReturnType<Queues['sendAll']>> = new Set()
  const result = await begin(async (inner) => {
    const deferred: { order: number; work: () => Promise<void> }[] = []
    const result = await work({
      db: inner,
      enqueue: async (job, options) => void sent.push({ job, after: options?.after }),
      beforeCommit: (order, work) => deferred.push({ order, work }),
      notify: (event) => events.push(event),
    })
    for (const { work } of deferred.toSorted((a, b) => a.order - b.order)) await work()
    // All transactions share the row of a waiting job of a single queue: it is locked last of all.
    deduplicated = await queues.sendAll(sent, fromDrizzle(inner as unknown as DrizzleTransactionLike, sql))
    return result
  })
  queues.committed(sent, deduplicated)
  for (const event of events) for (const watcher of watchers) watcher(event)
  return result
}
