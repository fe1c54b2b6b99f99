/** The embedded database behind `pg`: one connection, in order whatever happens to its statements. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { embeddedBossDatabase, openEmbeddedPool } from '../../../src/db/embedded-pool.ts'
import { inPgTransaction } from '../../../src/db/transaction.ts'

let directory: string
let database: PGlite
let pool: pg.Pool

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tutti-test-'))
  database = await PGlite.create(join(directory, 'pglite'))
  pool = await openEmbeddedPool(database, pino({ level: 'silent' }))
  await pool.query('create table facts (id serial primary key, text text, data jsonb, at timestamptz)')
})

afterAll(async () => {
  await pool.end()
  await database.close()
  rmSync(directory, { recursive: true, force: true })
})

const count = async () => Number((await pool.query('select count(*) as n from facts')).rows[0]?.n)

it('takes and gives every type as a server does, also in statements that it keeps', async () => {
  const at = new Date('2026-11-29T10:00:00.123Z')
  for (let use = 0; use < 5; use++) {
    const { rows } = await pool.query(
      'insert into facts (text, data, at) values ($1, $2, $3) returning text, data, at',
      [null, { list: ['ä', 1, null] }, at],
    )
    expect(rows).toEqual([{ text: null, data: { list: ['ä', 1, null] }, at }])
  }
  const { rows } = await pool.query('select name, statement from pg_prepared_statements')
  expect(rows.some(({ statement }) => statement.startsWith('insert into facts'))).toBe(true)
})

it('goes on after a statement that fails, with values and without', async () => {
  await expect(pool.query('select nothing from facts where id = $1', [1])).rejects.toMatchObject({ code: '42703' })
  await expect(pool.query('selec')).rejects.toMatchObject({ code: '42601' })
  expect(await count()).toBe(5)
})

it('rolls back what a connection leaves open, before the next one is used', async () => {
  const before = await count()
  const client = await pool.connect()
  await client.query('begin')
  await client.query('insert into facts (text) values ($1)', ['left open'])
  client.release(true)
  expect(await count()).toBe(before)
  const boss = embeddedBossDatabase(pool, database)
  await expect(boss.executeSql("begin; insert into facts (text) values ('half'); selec; commit")).rejects.toThrow()
  expect(await count()).toBe(before)
})

it('runs transactions one after another, and undoes one that fails', async () => {
  const before = await count()
  const one = inPgTransaction(
    pool,
    async (tx) => {
      await tx.execute("insert into facts (text) values ('first')")
      throw new Error('no')
    },
    { limited: false },
  )
  const other = inPgTransaction(pool, (tx) => tx.execute("insert into facts (text) values ('second')"), {
    limited: false,
  })
  await expect(one).rejects.toThrow('no')
  await other
  expect(await count()).toBe(before + 1)
})

it('tells its listeners, and no longer when they have closed', async () => {
  const boss = embeddedBossDatabase(pool, database)
  const heard: string[] = []
  const subscription = await boss.listen?.(
    'news',
    (payload) => heard.push(payload),
    () => heard.push('connected'),
  )
  await pool.query("select pg_notify('news', $1)", ['one'])
  await pool.query("select pg_notify('others', $1)", ['not for us'])
  await subscription?.close()
  await pool.query("select pg_notify('news', $1)", ['two'])
  expect(heard).toEqual(['connected', 'one'])
})
