/**
 * `tutti restore`: the rows of a backup in an empty database. It gets the schema that the backup was made with, then the
 * rows, in one transaction; the next start brings the schema up to date, and compares the rows with GitHub.
 */

import { OperatorError } from '../../lib/errors.ts'
import { restoredKey } from '../restored.ts'
import { type BackupHeader, backupFormat, readBackup } from './format.ts'
import { migrationNames, withMigrationsUpTo } from './migrations.ts'
import type { DatabaseSession } from './session.ts'

/** Rows of one statement. */
const batch = 200

/** What is in the database now. */
export interface RestoreReport {
  tables: number
  rows: number
  header: BackupHeader
}

/** Reads a backup to its end without using it. @throws {OperatorError} when it is not whole. */
export async function checkBackup(file: string): Promise<RestoreReport> {
  let header: BackupHeader | undefined
  let tables = 0
  let rows = 0
  for await (const part of readBackup(file)) {
    if (part.kind === 'header') header = usable(part.header)
    if (part.kind === 'table') tables++
    if (part.kind === 'row') rows++
  }
  if (!header) throw new Error('a backup without a header was taken for whole')
  return { header, tables, rows }
}

/**
 * Restores a backup.
 * @throws {OperatorError} when the database is not empty, or the backup is not whole: then nothing is changed.
 */
export async function restoreBackup(session: DatabaseSession, file: string): Promise<RestoreReport> {
  // To the end first: a broken file must not leave half a schema.
  const report = await checkBackup(file)
  await assertEmpty(session)
  await withMigrationsUpTo(report.header.migrations, (folder) => session.migrate(folder))
  await session.query('begin')
  try {
    const links = await takeOffForeignKeys(session)
    await setTriggers(session, 'disable')
    await insertAll(session, file)
    await noteRestore(session)
    await setTriggers(session, 'enable')
    for (const { table, name, definition } of links)
      await session.query(`alter table ${table} add constraint "${name}" ${definition}`)
    await setSequences(session)
    await session.query('commit')
  } catch (error) {
    await session.query('rollback')
    throw error
  }
  return report
}

/**
 * Writes that the database knows nothing of may be on GitHub: they are searched for first. What people have said since the
 * backup was acted on by the database that is gone, and is not acted on once more.
 */
async function noteRestore(session: DatabaseSession): Promise<void> {
  const [table] = await session.query(`select to_regclass('public.idempotency_keys') is not null as there`)
  // Versions of before there was this table had no backup that knew less than GitHub.
  if (table?.there !== true) return
  await session.query(
    `insert into idempotency_keys (key) values ('${restoredKey}') on conflict (key) do update set created_at = now()`,
  )
  const [column] = await session.query(
    `select exists (select from information_schema.columns
      where table_name = 'repositories' and column_name = 'comments_read_at') as there`,
  )
  if (column?.there === true) await session.query('update repositories set comments_read_at = null')
}

function usable(header: BackupHeader): BackupHeader {
  const known = migrationNames()
  if (header.format > backupFormat || header.migrations > known.length) {
    throw new OperatorError(
      `this backup was made by a newer Tutti (${header.version})`,
      'Install that version or a later one.',
    )
  }
  if (known[header.migrations - 1] !== header.migration) {
    throw new OperatorError(`this backup was made by another Tutti: it ends with the migration ${header.migration}`)
  }
  return header
}

/** What an earlier start without a repository has made may go: the schema is made again. */
async function assertEmpty(session: DatabaseSession): Promise<void> {
  const tables = await session.query(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  if (tables.length === 0) return
  const names = tables.map(({ name }) => String(name))
  if (!names.includes('work_items') || !names.includes('audit_log')) {
    throw new OperatorError('the database holds tables of another program', 'Give a database of its own.')
  }
  for (const name of ['repositories', 'deliveries', 'work_items', 'audit_log']) {
    const [row] = await session.query(`select exists (select 1 from "${name}") as filled`)
    if (row?.filled !== true) continue
    throw new OperatorError(
      'the database is not empty, and a restore never overwrites',
      'Give an empty database in DATABASE_URL, or another DATA_DIR.',
    )
  }
  for (const schema of ['drizzle', 'pgboss']) await session.query(`drop schema if exists ${schema} cascade`)
  for (const name of names) await session.query(`drop table if exists "${name}" cascade`)
  const functions = await session.query(
    `select oid::regprocedure::text as name from pg_proc
     where pronamespace = 'public'::regnamespace and proname like 'tutti\\_%'`,
  )
  for (const { name } of functions) await session.query(`drop function if exists ${String(name)} cascade`)
}

/** What triggers have written is in the backup already. */
async function setTriggers(session: DatabaseSession, state: 'disable' | 'enable'): Promise<void> {
  const tables = await session.query(
    `select distinct tgrelid::regclass::text as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and c.relnamespace = 'public'::regnamespace`,
  )
  for (const { name } of tables) await session.query(`alter table ${String(name)} ${state} trigger user`)
}

interface ForeignKey {
  table: string
  name: string
  definition: string
}

/** Rows refer to each other in every direction: they are checked together, at the end. */
async function takeOffForeignKeys(session: DatabaseSession): Promise<ForeignKey[]> {
  const rows = await session.query(`
    select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`)
  const links = rows.map(({ table, name, definition }) => ({
    table: String(table),
    name: String(name),
    definition: String(definition),
  }))
  for (const { table, name } of links) await session.query(`alter table ${table} drop constraint "${name}"`)
  return links
}

async function insertAll(session: DatabaseSession, file: string): Promise<void> {
  let into: { table: string; columns: string } | undefined
  let rows: string[] = []
  const flush = async () => {
    if (into && rows.length > 0) {
      const { table, columns } = into
      await session.query(
        `insert into "${table}" (${columns}) overriding system value
         select ${columns} from jsonb_populate_recordset(null::"${table}", $1::jsonb)`,
        [`[${rows.join(',')}]`],
      )
    }
    rows = []
  }
  for await (const part of readBackup(file)) {
    if (part.kind === 'table') {
      await flush()
      into = { table: part.table, columns: part.columns.map((name) => `"${name}"`).join(', ') }
      // What a migration put there is in the backup too.
      await session.query(`delete from "${part.table}"`)
    }
    if (part.kind === 'row') rows.push(part.row)
    if (rows.length >= batch) await flush()
  }
  await flush()
}

/** The next row gets the number after the last one. */
async function setSequences(session: DatabaseSession): Promise<void> {
  const columns = await session.query(`
    select table_name as table, column_name as column,
      pg_get_serial_sequence(quote_ident(table_name), column_name) as sequence
    from information_schema.columns where table_schema = 'public'`)
  for (const { table, column, sequence } of columns) {
    if (typeof sequence !== 'string') continue
    await session.query(
      `select setval('${sequence}', greatest((select max("${String(column)}") from "${String(table)}"), 1),
        exists (select 1 from "${String(table)}"))`,
    )
  }
}
