/** One connection to the database, Postgres or PGlite, for whoever copies all of it. */

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Logger } from 'pino'
import { OperatorError } from '../../lib/errors.ts'
import { cannotUse } from '../away.ts'
import { lockDirectory } from '../directory-lock.ts'
import { openEmbeddedDatabase } from '../embedded.ts'

/** The migrations that come with the program. */
export const migrationsFolder = fileURLToPath(new URL('../../../drizzle', import.meta.url))

/** Where the database is. */
export interface DatabasePlace {
  /** Embedded PGlite in `directory` when absent. */
  databaseUrl?: string | undefined
  /** Absolute path of the data directory. */
  directory: string
  log: Logger
}

/** One connection. */
export interface DatabaseSession {
  /** Runs one statement. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Brings the schema up to the last migration of a folder. */
  migrate(folder: string): Promise<void>
  close(): Promise<void>
}

/**
 * Opens it. An embedded database has one user at a time.
 * @throws {OperatorError} when it cannot be reached, or a running Tutti has the embedded one.
 */
export async function openDatabaseSession(place: DatabasePlace): Promise<DatabaseSession> {
  return place.databaseUrl ? openPostgresSession(place.databaseUrl) : openEmbedded(place)
}

async function openPostgresSession(databaseUrl: string): Promise<DatabaseSession> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tutti copies' })
  client.on('error', () => {})
  await client.connect().catch((error: unknown) => {
    throw cannotUse(error)
  })
  return {
    query: async (text, values) => (await client.query<Record<string, unknown>>(text, values)).rows,
    migrate: async (folder) => {
      const [{ drizzle }, { migrate }] = await Promise.all([
        import('drizzle-orm/node-postgres'),
        import('drizzle-orm/node-postgres/migrator'),
      ])
      await migrate(drizzle(client), { migrationsFolder: folder })
    },
    close: () => client.end(),
  }
}

async function openEmbedded({ directory, log }: DatabasePlace): Promise<DatabaseSession> {
  mkdirSync(directory, { recursive: true })
  const unlock = await lockDirectory(directory, { waitMs: 0, log }).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error
    throw new OperatorError(error.message, 'The embedded database has one user at a time: stop Tutti first.', {
      cause: error,
    })
  })
  const [{ drizzle }, { migrate }] = await Promise.all([
    import('drizzle-orm/pglite'),
    import('drizzle-orm/pglite/migrator'),
  ])
  const client = await openEmbeddedDatabase(directory).catch((error: unknown) => {
    unlock()
    throw error
  })
  return {
    query: async (text, values) => (await client.query<Record<string, unknown>>(text, values)).rows,
    migrate: (folder) => migrate(drizzle(client), { migrationsFolder: folder }),
    close: () => client.close().finally(unlock),
  }
}
