/**
 * Makes a database as it was when it was copied, so that the next test can have it. To copy one is to make 1,100 files and to
 * drop it is to delete them: on a disk that takes most of the processor time of a short test, and the more were deleted
 * lately the longer the next copy takes.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'

/** What a fresh copy holds. */
export interface FreshContents {
  /** The few rows that it has from the start, by table. */
  rows: { table: string; json: string }[]
  /** Where its sequences stand. */
  sequences: { name: string; value: string; called: boolean }[]
  /** Stands for its tables, columns, indexes, constraints, triggers and functions. */
  shape: string
}

const ours = "not in ('pg_catalog', 'information_schema', 'pg_toast')"
const tables = `select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
  where relkind = 'r' and nspname ${ours}`
/** Names and numbers of everything that a statement of a test may have made, changed or dropped. Not `oid` alone: what was altered keeps it. */
const shape = `select md5(concat(
  (select string_agg(concat(oid, relname, relnatts, relkind, relhastriggers, relacl, reloptions), ',' order by oid) from pg_class where relnamespace::regnamespace::text ${ours}),
  (select string_agg(concat(attrelid, attname, atttypid, attnotnull, atthasdef), ',' order by attrelid, attnum) from pg_attribute join pg_class c on c.oid = attrelid where relnamespace::regnamespace::text ${ours}),
  (select string_agg(concat(oid, tgenabled), ',' order by oid) from pg_trigger),
  (select string_agg(oid::text, ',' order by oid) from pg_constraint),
  (select string_agg(concat(oid, md5(prosrc)), ',' order by oid) from pg_proc where pronamespace::regnamespace::text ${ours}),
  (select string_agg(concat(oid, nspacl), ',' order by oid) from pg_namespace where nspname ${ours}),
  (select string_agg(setconfig::text, ',' order by setrole) from pg_db_role_setting s join pg_database d on d.oid = setdatabase where datname = current_database())
)) as shape`
const positions = `select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value, start_value)::text as value,
  last_value is not null as called from pg_sequences where schemaname ${ours}`

/** Reads what a fresh copy holds. */
export async function readFresh(client: pg.Client): Promise<FreshContents> {
  const rows: FreshContents['rows'] = []
  for (const { name: table } of await all<{ name: string }>(client, tables)) {
    const [found] = await all<{ json: string | null }>(client, `select json_agg(t)::text as json from ${table} t`)
    if (found?.json) rows.push({ table, json: found.json })
  }
  const sequences = await all<FreshContents['sequences'][number]>(client, positions)
  return { rows, sequences, shape: await shapeOf(client) }
}

/**
 * Deletes what a test has written.
 * @param client a connection to it; nothing else should be connected.
 * @returns false where it cannot be as it was: something is still connected, or a statement has changed its tables. Drop it then.
 */
export async function emptyDatabase(client: pg.Client, fresh: FreshContents): Promise<boolean> {
  if (!(await isAlone(client)) || (await shapeOf(client)) !== fresh.shape) return false
  const used = await all<{ name: string }>(
    client,
    `select name from (${tables}) t where pg_relation_size(name::regclass) > 0`,
  )
  const values = fresh.sequences.map(({ name, value, called }) => `setval('${name}', ${value}, ${called})`)
  await client.query(
    [
      'begin',
      // Neither triggers nor foreign keys: everything goes.
      'set local session_replication_role = replica',
      ...used.map(({ name }) => `delete from ${name}`),
      ...fresh.rows.map(
        ({ table, json }) =>
          `insert into ${table} select * from json_populate_recordset(null::${table}, ${client.escapeLiteral(json)})`,
      ),
      `select ${values.join(', ')}`,
      'commit',
    ].join(';\n'),
  )
  // What is deleted takes its place until then: rows come back in the order of their places where nothing sorts them.
  await client.query(`vacuum ${used.map(({ name }) => name).join(', ')}`)
  return true
}

/** A connection that was closed a moment ago may still be there; one that stays belongs to somebody. */
async function isAlone(client: pg.Client): Promise<boolean> {
  for (let tries = 0; tries < 50; tries++) {
    const others = await all(
      client,
      `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    if (others.length === 0) return true
    await wait(20)
  }
  return false
}

async function shapeOf(client: pg.Client): Promise<string> {
  return (await all<{ shape: string }>(client, shape))[0]?.shape ?? ''
}

async function all<Row>(client: pg.Client, text: string): Promise<Row[]> {
  return (await client.query(text)).rows
}
