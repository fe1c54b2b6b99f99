/** The database of a run: one of its own on a Postgres server, which may be the run's own too. */

import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface RunDatabase {
  url: string
  /** Cuts the chosen ones of its connections; how many that were. None where the server is down. */
  cut(chosen: (index: number) => boolean): Promise<number>
  drop(): Promise<void>
}

/** @throws when the server cannot be reached. */
export async function createRunDatabase(serverUrl: string): Promise<RunDatabase> {
  const name = `tutti_chaos_${randomBytes(5).toString('hex')}`
  await asked(serverUrl, (admin) => admin.query(`create database ${name}`))
  return {
    url: Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href,
    cut: (chosen) => asked(serverUrl, (admin) => cut(admin, name, chosen)).catch(() => 0),
    drop: async () => {
      await asked(serverUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`))
    },
  }
}

async function cut(admin: pg.Client, name: string, chosen: (index: number) => boolean): Promise<number> {
  const { rows } = await admin.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [name])
  const pids = rows.map(({ pid }) => pid).filter((_, index) => chosen(index))
  await admin.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids])
  return pids.length
}

/** A connection for each question: the server may have been killed since the last one. */
async function asked<Answer>(url: string, question: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await question(client)
  } finally {
    await client.end().catch(() => {})
  }
}
