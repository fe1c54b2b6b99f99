/** The database of this installation, for verbs that look after it. */

import { pino } from 'pino'
import { type Env, loadDotEnv, readEnv } from '../../config/env.ts'
import { databaseOf } from '../../config/installation.ts'
import type { Store } from '../../db/connect.ts'

/** Reads `.env` and the environment. @throws {OperatorError} when they cannot be used. */
export function readLocalEnv(): Env {
  loadDotEnv(process.cwd())
  return readEnv()
}

/** Where the database is, for a copy of it; it says nothing on the console. */
export function databasePlace(env: Env) {
  return { databaseUrl: env.DATABASE_URL, directory: env.dataDirectory, log: pino({ level: 'silent' }) }
}

/**
 * Opens the database, beside a Tutti that serves it where it is a Postgres, and closes it after the work.
 * @throws {OperatorError} when it cannot be reached, or the embedded one is in use.
 */
export async function withLocalStore<T>(env: Env, work: (store: Store) => Promise<T>): Promise<T> {
  const { openStore } = await import('../../db/connect.ts')
  const log = pino({ level: 'silent' })
  const store = await openStore({ ...databaseOf(env), lock: { waitMs: 0, shared: true }, queues: [], log })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
