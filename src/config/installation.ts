/** Where an installation has its data. */

import type { Env } from './env.ts'

/** Where the database is, and how its data directory is locked; for `openStore`. */
export function databaseOf(env: Env) {
  return {
    databaseUrl: env.DATABASE_URL,
    directory: env.dataDirectory,
    lock: { waitMs: env.LOCK_WAIT_SECONDS * 1_000, shared: env.SHARE_DATA_DIR },
  }
}

/** Names this installation; the same over restarts. */
export function installationOf(env: Env): string {
  return `${env.dataDirectory}\n${env.DATABASE_URL ?? ''}`
}
