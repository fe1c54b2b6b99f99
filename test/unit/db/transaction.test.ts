/** Transactions on a Postgres whose connections are cut. Embedded PGlite has no connections to cut. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../../src/db/connect.ts'
import { locks } from '../../../src/db/schema/processes.ts'
import { jobs } from '../../../src/jobs.ts'
import { startTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { prepareDatabase } from '../../support/test-store.ts'

const log = pino({ level: 'silent' })

async function openThroughProxy() {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-test-'))
  const database = await prepareDatabase(directory)
  const url = database.url ?? ''
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port || 5432) })
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: throughProxy(url, proxy),
    directory,
    log,
  })
  onTestFinished(async () => {
    await store.close()
    await proxy.close()
    await database.drop()
    rmSync(directory, { recursive: true, force: true })
  })
  return { store, proxy }
}

describe.skipIf(!process.env.TEST_DATABASE_URL)('a transaction on Postgres', () => {
  it('is run again when it has lost a deadlock: two that lock two rows the other way round both end', async () => {
    const { store } = await openThroughProxy()
    await store.db.execute(sql`create table pairs (id int primary key, n int not null)`)
    await store.db.execute(sql`insert into pairs values (1, 0), (2, 0)`)
    let runs = 0
    const bothHold = Promise.withResolvers<void>()
    const both = async (first: number, second: number) =>
      store.transaction(async (tx) => {
        runs++
        await tx.db.execute(sql`update pairs set n = n + 1 where id = ${first}`)
        if (runs === 2) bothHold.resolve()
        await bothHold.promise
        await tx.db.execute(sql`update pairs set n = n + 1 where id = ${second}`)
      })
    await Promise.all([both(1, 2), both(2, 1)])
    expect(runs).toBe(3)
    const result = (await store.db.execute(sql`select n from pairs`)) as { rows: unknown }
    expect(result.rows).toEqual([{ n: 2 }, { n: 2 }])
  })

  it('gives its place in the pool back when its connection is cut at `begin`', async () => {
    const { store, proxy } = await openThroughProxy()
    // As many as the pool has places, and more.
    const cutBegins = 12
    proxy.cutWhen = (sent) => proxy.cuts < cutBegins && sent.includes('begin')
    const attempt = () =>
      store
        .transaction((tx) => tx.db.execute(sql`select 1`))
        .then(
          () => 'done',
          () => 'failed',
        )
    const outcomes: string[] = []
    while (proxy.cuts < cutBegins) outcomes.push(await attempt())
    expect(outcomes.filter((one) => one === 'failed').length).toBeGreaterThanOrEqual(cutBegins)
    expect(await Promise.all(Array.from({ length: 12 }, attempt))).toEqual(Array(12).fill('done'))
  })

  it('gives its place back when it is cut at `commit`, and tells the caller', async () => {
    const { store, proxy } = await openThroughProxy()
    proxy.cutWhen = (sent) => sent.includes('commit')
    for (let count = 0; count < 12; count++)
      await expect(store.transaction((tx) => tx.db.insert(locks).values({ name: `cut-${count}` }))).rejects.toThrow()
    proxy.cutWhen = undefined
    expect(await store.db.select().from(locks)).toEqual([])
    await store.transaction((tx) => tx.db.insert(locks).values({ name: 'whole' }))
    expect(await store.db.select().from(locks)).toMatchObject([{ name: 'whole' }])
  })

  it('says so when the server rolled back what was to be committed', async () => {
    const { store } = await openThroughProxy()
    const swallow = store.transaction(async (tx) => {
      await tx.db.insert(locks).values({ name: 'half' })
      await tx.db.execute(sql`select 1 / 0`).catch(() => {})
    })
    await expect(swallow).rejects.toThrow('not committed')
    expect(await store.db.select().from(locks)).toEqual([])
  })

  it('keeps the connection, and nothing of the work, when the work throws', async () => {
    const { store } = await openThroughProxy()
    const pidOf = async (db: Pick<typeof store.db, 'execute'>) =>
      ((await db.execute(sql`select pg_backend_pid() as pid`)) as unknown as { rows: { pid: number }[] }).rows[0]?.pid
    let pid: number | undefined
    const failing = store.transaction(async (tx) => {
      pid = await pidOf(tx.db)
      await tx.db.insert(locks).values({ name: 'half' })
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await store.db.select().from(locks)).toEqual([])
    expect(await pidOf(store.db)).toBe(pid)
  })
})
