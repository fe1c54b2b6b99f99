/** A database as an older version has left it, and what the present one makes of it. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { fromPglite, PgBoss } from 'pg-boss'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { openStore, type Store } from '../../src/db/connect.ts'
import { jobs } from '../../src/jobs.ts'
import { asAdmin } from './test-databases.ts'

const folder = 'drizzle'
const { entries } = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as {
  entries: { tag: string; when: number }[]
}

export interface OldDatabase {
  /** Runs statements, as the older version may have done. */
  exec(text: string): Promise<void>
  /** The older version's queues, stopped before it is opened. */
  boss(): Promise<PgBoss>
  /** Closes it as the older version does at its end. @returns where it is; `url` undefined on PGlite. */
  leave(): Promise<{ url: string | undefined; directory: string }>
  /** Lets the present version open it; closed and removed with the test. */
  open(): Promise<Store>
}

interface Client {
  exec(text: string): Promise<unknown>
  boss: () => PgBoss
  close(): Promise<void>
  directory: string
  url: string | undefined
}

/**
 * A database with every migration before one, and with drizzle's own record of them; on the Postgres of the tests where
 * there is one, which takes a tenth of the time.
 * @param tag the first migration that is not applied.
 * @param server '' for an embedded one.
 */
export async function databaseBefore(tag: string, server = process.env.TEST_DATABASE_URL): Promise<OldDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-migration-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const client = server ? await onPostgres(server, directory) : await onPglite(directory)
  await client.exec(
    'create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
  )
  const first = entries.findIndex((one) => one.tag === tag)
  if (first < 0) throw new Error(`there is no migration ${tag}`)
  for (const entry of entries.slice(0, first)) {
    await client.exec(readFileSync(`${folder}/${entry.tag}.sql`, 'utf8').replaceAll('--> statement-breakpoint', ''))
    await client.exec(
      `insert into drizzle.__drizzle_migrations (hash, created_at) values ('${entry.tag}', ${entry.when})`,
    )
  }
  let boss: PgBoss | undefined
  const leave = async () => {
    await boss?.stop({ graceful: false, close: client.url !== undefined })
    await client.close()
    return { url: client.url, directory }
  }
  return {
    exec: async (text) => void (await client.exec(text)),
    boss: async () => {
      boss = client.boss()
      boss.on('error', () => {})
      await boss.start()
      return boss
    },
    leave,
    open: async () => {
      await leave()
      const log = pino({ level: 'silent' })
      const store = await openStore({ directory, databaseUrl: client.url, queues: Object.values(jobs), log })
      onTestFinished(() => store.close())
      return store
    },
  }
}

async function onPglite(directory: string): Promise<Client> {
  const client = await PGlite.create(join(directory, 'pglite'))
  return {
    exec: (text) => client.exec(text),
    boss: () => new PgBoss({ db: fromPglite(client), backend: 'pglite', schedule: false }),
    close: () => client.close(),
    directory,
    url: undefined,
  }
}

async function onPostgres(server: string, directory: string): Promise<Client> {
  const name = `tutti_old_${randomBytes(6).toString('hex')}`
  await asAdmin(server, (admin) => admin.query(`create database ${name}`))
  onTestFinished(() => asAdmin(server, async (admin) => void (await admin.query(`drop database ${name} with (force)`))))
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    exec: (text) => client.query(text),
    boss: () => new PgBoss({ connectionString: url, schedule: false }),
    close: () => client.end(),
    directory,
    url,
  }
}
