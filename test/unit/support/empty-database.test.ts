/** A database that a test gives back is like a new one for the next test, or no other test gets it. */

import { sql } from 'drizzle-orm'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { saveRepository } from '../../../src/db/repositories.ts'
import { emptyDatabase, readFresh } from '../../support/empty-database.ts'
import { openTestStore, prepareDatabase, type TestStore } from '../../support/test-store.ts'

const facts = {
  ...{ githubId: 7, fullName: 'acme/app', private: false, installationId: 1, defaultBranch: 'main' },
  cloneUrl: 'http://127.0.0.1/acme/app.git',
}

async function inStore<T>(work: (test: TestStore) => Promise<T>): Promise<T> {
  const test = await openTestStore()
  try {
    return await work(test)
  } finally {
    await test.close()
  }
}

async function rowsOf({ store }: TestStore, text: string): Promise<Record<string, unknown>[]> {
  return ((await store.db.execute(sql.raw(text))) as unknown as { rows: Record<string, unknown>[] }).rows
}

const nameOf = async (test: TestStore) => (await rowsOf(test, 'select current_database() as name'))[0]?.name
const queues = (test: TestStore) =>
  rowsOf(test, 'select name, policy, heartbeat_seconds from pgboss.queue order by name')

describe.skipIf(!process.env.TEST_DATABASE_URL)('a database that is given back', () => {
  it('has no row and no job of the test before, and its numbers begin at 1', async () => {
    const first = await inStore(async (test) => {
      const before = await queues(test)
      expect((await saveRepository(test.store.db, facts)).id).toBe(1)
      await test.store.queues.send({ queue: 'schedule' })
      await rowsOf(test, "delete from pgboss.queue where name = 'run-gates'")
      await rowsOf(test, 'insert into dirty_items (work_item_id) select id from generate_series(1, 20000) id')
      return { name: await nameOf(test), queues: before }
    })
    await inStore(async (test) => {
      expect(await nameOf(test)).toBe(first.name)
      for (const table of ['repositories', 'dirty_items', 'pgboss.job'])
        expect(await rowsOf(test, `select 1 from ${table}`), table).toEqual([])
      expect((await saveRepository(test.store.db, facts)).id).toBe(1)
      expect(await queues(test)).toEqual(first.queues)
    })
  })

  it('is not given to another test when a statement has changed its tables', async () => {
    const database = await prepareDatabase('')
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const fresh = await readFresh(client)
    for (const statement of [
      'create table kept (id int)',
      'alter table repositories add column kept int',
      'alter table work_items disable trigger work_items_added',
      'create index kept on repositories (full_name)',
      'alter table runs alter column attempt drop not null',
      'create or replace function tutti_item_changed() returns trigger language plpgsql as $$ begin return null; end $$',
    ]) {
      await client.query('begin')
      await client.query(statement)
      expect(await emptyDatabase(client, fresh), statement).toBe(false)
      await client.query('rollback')
    }
    expect(await emptyDatabase(client, fresh)).toBe(true)
    await client.end()
    await database.drop()
  })

  it('is not given to another test while somebody is connected', async () => {
    const one = await prepareDatabase('')
    const left = new pg.Client({ connectionString: one.url })
    left.on('error', () => {})
    await left.connect()
    await one.drop()
    const next = await prepareDatabase('')
    expect(next.url).not.toBe(one.url)
    await next.drop()
  })
})
