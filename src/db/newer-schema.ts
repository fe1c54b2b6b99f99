/** A database that a newer version has migrated is not touched: this version would read and write it wrongly. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SQL, sql } from 'drizzle-orm'
import { OperatorError } from '../lib/errors.ts'

/** What can run a statement. */
interface Sql {
  execute(query: SQL): PromiseLike<unknown>
}

/**
 * Compares the newest migration of a database with the newest one of this version, before any is applied.
 * @param migrationsFolder drizzle's folder, with its journal.
 * @throws {OperatorError} when the database is ahead.
 */
export async function refuseNewerSchema(db: Sql, migrationsFolder: string): Promise<void> {
  const { rows: found } = (await db.execute(
    sql`select to_regclass('drizzle.__drizzle_migrations') is not null as there`,
  )) as { rows: { there: boolean }[] }
  if (!found[0]?.there) return
  const { rows } = (await db.execute(
    sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
  )) as { rows: { newest: string | null }[] }
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { when: number; tag: string }[]
  }
  const [ours] = journal.entries.toSorted((one, other) => other.when - one.when)
  if (!ours || Number(rows[0]?.newest ?? 0) <= ours.when) return
  throw new OperatorError(
    `the database was upgraded by a newer Tutti: this version knows it up to ${ours.tag}`,
    'Start that version again, or restore the backup that was made before the upgrade.',
  )
}
