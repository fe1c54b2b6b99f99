/**
 * Opens the system of record: Postgres where `DATABASE_URL` is set, otherwise embedded PGlite in a data directory.
 * Same schema, same queue, same code on both.
 */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PGlite } from '@electric-sql/pglite'
import { type ExtractTablesWithRelations, sql } from 'drizzle-orm'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { type DrizzleTransactionLike, fromDrizzle, fromPglite, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import { OperatorError } from '../config/errors.ts'
import type { ItemState, Job } from './journey.ts'
import { lockDirectory } from './lock.ts'
import { Queues } from './queues.ts'
import * as schema from './schema.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

type Tables = typeof schema
/** What queries run on: the database itself, or one transaction of it. */
export type Database = PgDatabase<PgQueryResultHKT, Tables>
type DrizzleTransaction = PgTransaction<PgQueryResultHKT, Tables, ExtractTablesWithRelations<Tables>>

/** One transaction: rows and jobs commit together or not at all. */
export interface Tx {
  readonly db: DrizzleTransaction
  /** Queues a job with this transaction. `after`: not before this time. */
  enqueue(job: Job, options?: { after?: Date }): Promise<void>
  /** Tells the watchers of the store, once this transaction is committed. */
  tell(event: StoreEvent): void
}

/** Something that is true now, for logs and live views. Nothing may depend on hearing it. */
export interface StoreEvent {
  systemId: number
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
  /**
   * Runs `work` in one transaction; everything it wrote and queued is there afterwards, or nothing is.
   * On PGlite there is one connection: never wait inside `work` for anything but the transaction itself.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Has `watcher` told of every committed transition made by this process. */
  watch(watcher: (event: StoreEvent) => void): void
  /** Stops the queues (waiting for handlers up to a few seconds) and closes the database. */
  close(): Promise<void>
}

/** @throws {OperatorError} when the database cannot be reached or the directory is in use. */
export async function openStore(options: { databaseUrl?: string; directory: string; log: Logger }): Promise<Store> {
  return options.databaseUrl
    ? openPostgres(options.databaseUrl, options.log)
    : openPglite(options.directory, options.log)
}

// pg-boss looks after itself; the statistics passes it makes every minute are slowed down, since an idle
// orchestrator should be idle.
const calm = { monitorIntervalSeconds: 300, superviseIntervalSeconds: 120, schedule: false, reindex: false } as const

async function openPostgres(databaseUrl: string, log: Logger): Promise<Store> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, application_name: 'tutti' })
  // Without a listener, an idle connection that the server ends would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost; it is made again when needed'))
  const db = drizzlePg(pool, { schema })
  try {
    // Two processes that start at once must not both migrate. CockroachDB has no advisory locks: migrate there
    // with one process first.
    await db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(7849501)`)
      await migratePg(db, { migrationsFolder })
    })
  } catch (error) {
    await pool.end()
    throw new OperatorError(
      `cannot use the database in DATABASE_URL: ${rootMessage(error)}`,
      'Check that it runs, that the name exists and that the user may create tables.',
      { cause: error },
    )
  }
  const boss = new PgBoss({ connectionString: databaseUrl, max: 4, useListenNotify: true, ...calm })
  return assemble('postgres', db, boss, log, () => pool.end())
}

async function openPglite(directory: string, log: Logger): Promise<Store> {
  const unlock = lockDirectory(directory)
  let client: PGlite | undefined
  try {
    // Loaded here: on Postgres its WebAssembly would only take memory.
    const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('drizzle-orm/pglite'),
      import('drizzle-orm/pglite/migrator'),
    ])
    client = await PGlite.create(join(directory, 'pglite'))
    const db = drizzle(client, { schema })
    await migrate(db, { migrationsFolder })
    const boss = new PgBoss({ db: fromPglite(client), backend: 'pglite', useListenNotify: true, ...calm })
    const opened = client
    return await assemble('pglite', db, boss, log, async () => {
      await opened.close()
      unlock()
    })
  } catch (error) {
    await client?.close().catch(() => {})
    unlock()
    throw new OperatorError(
      `cannot open the embedded database in ${directory}: ${rootMessage(error)}`,
      'The directory is kept as it is. Restore a copy of it, or move it away to start empty.',
      { cause: error },
    )
  }
}

async function assemble(
  kind: Store['kind'],
  db: Database,
  boss: PgBoss,
  log: Logger,
  close: () => Promise<void>,
): Promise<Store> {
  const queues = new Queues(boss, log)
  await queues.start()
  const watchers: ((event: StoreEvent) => void)[] = []
  return {
    kind,
    db,
    queues,
    watch: (watcher) => watchers.push(watcher),
    transaction: async (work) => {
      const events: StoreEvent[] = []
      const sent: { job: Job; after?: Date }[] = []
      const result = await db.transaction((inner) => {
        const bossDb = fromDrizzle(inner as unknown as DrizzleTransactionLike, sql)
        return work({
          db: inner,
          enqueue: async (job, options) => {
            sent.push({ job, after: options?.after })
            await queues.send(job, { ...options, db: bossDb })
          },
          tell: (event) => events.push(event),
        })
      })
      queues.committed(sent)
      for (const event of events) for (const watcher of watchers) watcher(event)
      return result
    },
    close: async () => {
      await queues.stop()
      await close()
    },
  }
}

function rootMessage(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (current instanceof AggregateError && current.errors[0] instanceof Error) return current.errors[0].message
  return current instanceof Error ? current.message : String(current)
}
