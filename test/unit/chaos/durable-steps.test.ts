/** What a sweep takes for a durable step is what Postgres has committed, and nothing else. */

import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StatementProxy, startStatementProxy } from '../../../scripts/chaos/statement-proxy.ts'

const url = process.env.TEST_DATABASE_URL
// The embedded database is in the process itself: there is no conversation to read.
const onPostgres = test.skipIf(!url)

let proxy: StatementProxy
let client: pg.Client
const steps: string[] = []

beforeAll(async () => {
  if (!url) return
  proxy = await startStatementProxy(url)
  proxy.onStep = (step) => {
    steps.push(step)
    return false
  }
  client = new pg.Client({ connectionString: proxy.url })
  client.on('error', () => {})
  await client.connect()
  await client.query('create temp table runs (id int primary key, stage text)')
  await client.query('create temp table job (name text)')
})
afterAll(async () => {
  await client?.end().catch(() => {})
  await proxy?.close()
})

/** The steps of these statements. */
async function stepsOf(...statements: [string, unknown[]?][]): Promise<string[]> {
  steps.length = 0
  for (const [text, values] of statements) await client.query(text, values).catch(() => {})
  return [...steps]
}

onPostgres('a transaction is one step, with the tables that it has written', async () => {
  expect(
    await stepsOf(
      ['begin'],
      ['insert into runs values ($1, $2)', [1, 'agent']],
      ['insert into job values ($1)', ['triage']],
      ['update "runs" as r set "stage" = $1 where id = 1', ['gates']],
      ['commit'],
    ),
  ).toEqual(['insert runs, insert job, update runs (stage)'])
  expect(await stepsOf(['insert into job values ($1)', ['x']])).toEqual(['insert job'])
  expect(await stepsOf(["begin; insert into job values ('y'); delete from job where name = 'y'; commit"])).toEqual([
    'insert job, delete job',
  ])
})

onPostgres('what is rolled back, fails, reads or changes no row is none', async () => {
  expect(await stepsOf(['begin'], ["insert into job values ('z')"], ['rollback'])).toEqual([])
  expect(await stepsOf(['insert into runs values (1)'])).toEqual([])
  expect(await stepsOf(['begin'], ["insert into job values ('z')"], ['select nothing'], ['commit'])).toEqual([])
  expect(await stepsOf(['select * from runs for update'], ['select * from runs for no key update'])).toEqual([])
  expect(await stepsOf(['update runs set stage = $1 where id = 99', ['x']])).toEqual([])
  expect(await stepsOf(["insert into runs values (1, 'x') on conflict do nothing"])).toEqual([])
  expect(await stepsOf(["insert into runs values (1, 'x') on conflict (id) do update set stage = 'y'"])).toEqual([
    'insert runs',
  ])
})

onPostgres('a step that is held is committed, and its client never hears of it', async () => {
  const other = new pg.Client({ connectionString: proxy.url })
  other.on('error', () => {})
  await other.connect()
  const name = `tutti_steps_${process.pid}`
  await other.query(`create table ${name} (id int)`)
  const before = proxy.onStep
  proxy.onStep = (step) => step.includes(name)
  await expect(other.query(`insert into ${name} values (1)`)).rejects.toThrow()
  proxy.onStep = before
  const { rows } = await client.query(`select count(*)::int as n from ${name}`)
  await client.query(`drop table ${name}`)
  expect(rows).toEqual([{ n: 1 }])
})
