/** Two processes that migrate at once, of which one is cut in the middle. Embedded PGlite serves one process. */

import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import pg from 'pg'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '../../../src/db/connect.ts'
import { asAdmin } from '../../support/test-databases.ts'

const server = process.env.TEST_DATABASE_URL ?? ''

/** An empty database, and two connections to it. */
async function emptyDatabase() {
  const name = `tutti_lock_${randomBytes(6).toString('hex')}`
  await asAdmin(server, (admin) => admin.query(`create database ${name}`))
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  const [other, client] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })]
  await Promise.all([other.connect(), client.connect()])
  onTestFinished(async () => {
    await Promise.all([other.end(), client.end()])
    await asAdmin(server, (admin) => admin.query(`drop database if exists ${name} with (force)`))
  })
  const ask = async <Row extends pg.QueryResultRow>(query: string) => (await client.query<Row>(query)).rows
  return { url, other, ask }
}

test.skipIf(!server)('whoever loses the lock of a migration does not go on with it', async () => {
  const { url, other, ask } = await emptyDatabase()
  // The first statement of the migration waits for this one.
  await other.query('begin; create schema drizzle')
  const opening = openStore({ databaseUrl: url, directory: tmpdir(), queues: [], log: pino({ level: 'silent' }) })
  const failed = expect(opening).rejects.toThrow('cannot use the database in DATABASE_URL')
  const holders = `select pid from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())`
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await vi.waitFor(async () => expect(await ask(waiting)).toHaveLength(1), 60_000)
  const [holder] = await ask<{ pid: number }>(holders)
  await ask(`select pg_terminate_backend(${holder?.pid})`)
  await vi.waitFor(async () => expect(await ask(holders)).toEqual([]), 60_000)
  expect(await ask(waiting)).toEqual([])
  await failed
})
