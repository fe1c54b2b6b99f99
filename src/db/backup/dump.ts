/**
 * `tutti backup`: every table of ours as it is at one moment, in one file. The queues are not in it: what waits follows
 * from the rows. Clones are fetched again; work that is on no branch of the server is in the data directory alone.
 */

import { once } from 'node:events'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { OperatorError } from '../../lib/errors.ts'
import { type BackupHeader, backupDigest, backupFormat } from './format.ts'
import { migrationNames } from './migrations.ts'
import type { DatabaseSession } from './session.ts'

/** Rows that are in memory at once. */
const batch = 500

/** What was written. */
export interface BackupReport {
  file: string
  tables: number
  rows: number
  header: BackupHeader
}

/**
 * Writes a backup, readable by its owner alone. It appears under its name once it is whole.
 * @param version of the program.
 * @throws {OperatorError} when the database has no tables of ours, or the file cannot be written.
 */
export async function writeBackup(session: DatabaseSession, file: string, version: string): Promise<BackupReport> {
  const draft = `${file}.part`
  const lines = openLines(draft)
  try {
    // One snapshot for all tables, whatever is written meanwhile.
    await session.query('begin isolation level repeatable read read only')
    const header = await headerOf(session, version)
    await lines.write(JSON.stringify(header))
    const tables = await tablesOf(session)
    let rows = 0
    for (const { table, columns } of tables) {
      await lines.write(JSON.stringify({ table, columns }))
      rows += await writeRows(session, table, (row) => lines.write(`[${row}]`))
    }
    await session.query('commit')
    await lines.end(rows)
    renameSync(draft, file)
    return { file, tables: tables.length, rows, header }
  } catch (error) {
    await lines.abandon()
    rmSync(draft, { force: true })
    throw error
  }
}

async function headerOf(session: DatabaseSession, version: string): Promise<BackupHeader> {
  const [there] = await session.query(`select to_regclass('drizzle.__drizzle_migrations') is not null as there`)
  if (!there?.there) throw new OperatorError('this database has no tables of Tutti', 'Check DATABASE_URL or DATA_DIR.')
  const [row] = await session.query('select count(*)::int as n from drizzle.__drizzle_migrations')
  const migrations = Number(row?.n)
  const migration = migrationNames()[migrations - 1]
  if (migration === undefined)
    throw new OperatorError('a newer Tutti has changed this database', 'Make the backup with that version.')
  return { backup: 'tutti', format: backupFormat, version, migrations, migration, createdAt: new Date().toISOString() }
}

/** Ours, with the columns that can be written. */
async function tablesOf(session: DatabaseSession): Promise<{ table: string; columns: string[] }[]> {
  const rows = await session.query(`
    select c.table_name as table, json_agg(c.column_name order by c.ordinal_position)::text as columns
    from information_schema.columns c join information_schema.tables t
      on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
    group by c.table_name order by c.table_name`)
  return rows.map(({ table, columns }) => ({ table: String(table), columns: JSON.parse(String(columns)) as string[] }))
}

async function writeRows(
  session: DatabaseSession,
  table: string,
  write: (row: string) => Promise<void>,
): Promise<number> {
  await session.query(`declare rows_of_table no scroll cursor for select to_jsonb(t)::text as row from "${table}" t`)
  let count = 0
  for (;;) {
    const rows = await session.query(`fetch ${batch} from rows_of_table`)
    for (const { row } of rows) await write(String(row))
    count += rows.length
    if (rows.length < batch) break
  }
  await session.query('close rows_of_table')
  return count
}

function openLines(path: string) {
  const packed = createGzip()
  const target = createWriteStream(path, { mode: 0o600 })
  const written = finished(packed.pipe(target))
  // Reported by `end`, or by the write that waits for it.
  written.catch(() => {})
  target.on('error', (error) => packed.destroy(error))
  const digest = backupDigest()
  const put = async (text: string) => {
    if (packed.destroyed) await written
    if (!packed.write(text)) await Promise.race([once(packed, 'drain'), written])
  }
  return {
    write: async (line: string) => {
      digest.update(`${line}\n`)
      await put(`${line}\n`)
    },
    end: async (rows: number) => {
      await put(`${JSON.stringify({ end: true, rows, sha256: digest.digest('hex') })}\n`)
      packed.end()
      await written
    },
    abandon: async () => {
      packed.destroy()
      target.destroy()
      await written.catch(() => {})
    },
  }
}
