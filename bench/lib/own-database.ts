/** A database for one benchmark, on a Postgres that answers. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'

export interface OwnDatabase extends AsyncDisposable {
  url: string
  /** Processor time of its backends and of those that write for them; undefined on another machine. */
  cpu(): Promise<number | undefined>
  /** Asks it something. */
  query<Row>(sql: string): Promise<Row[]>
}

/** A database made for this run and dropped after it, or undefined where no Postgres answers. */
export async function ownDatabase(): Promise<OwnDatabase | undefined> {
  const base = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const admin = new pg.Client({ connectionString: base, connectionTimeoutMillis: 2_000 })
  try {
    await admin.connect()
  } catch {
    return undefined
  }
  const name = `tutti_bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name}`)
  const url = new URL(base)
  url.pathname = `/${name}`
  let asking: pg.Client | undefined
  return {
    url: url.href,
    cpu: async () => {
      const { rows } = await admin.query(
        `select pid from pg_stat_activity
         where datname = $1 or backend_type in ('walwriter', 'checkpointer', 'background writer')`,
        [name],
      )
      return cpuOfProcesses(rows.map(({ pid }: { pid: number }) => pid))
    },
    query: async <Row>(sql: string) => {
      asking ??= await connected(url.href)
      return (await asking.query(sql)).rows as Row[]
    },
    async [Symbol.asyncDispose]() {
      await asking?.end()
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}

/** Microseconds, from `/proc/<pid>/stat`: fields 14 and 15, in hundredths of a second (proc_pid_stat(5)). */
function cpuOfProcesses(pids: readonly number[]): number | undefined {
  try {
    const fields = pids.map((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [])
    return fields.reduce((sum, values) => sum + (Number(values[11]) + Number(values[12])) * 10_000, 0)
  } catch {
    return undefined
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}
