import { sql } from 'drizzle-orm'
import { type DrizzleTransactionLike, fromDrizzle } from 'pg-boss'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../../../src/db/define-job.ts'
import type { EnqueuedJob } from '../../../src/db/queues.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let test: TestStore
beforeEach(async () => {
  test = await openTestStore()
})
afterEach(() => test.close())

async function jobs(): Promise<number> {
  const result = await test.store.db.execute(sql`select count(*)::int as n from pgboss.job where name = 'schedule'`)
  return (result as unknown as { rows: { n: number }[] }).rows[0]?.n ?? -1
}

const ask = () => test.store.transaction((tx) => tx.enqueue({ queue: 'schedule' }))

/** Counts looks, and tells of the first and the second. */
async function look() {
  const told = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let looks = 0
  const job = defineJob({ queue: 'schedule', payload: z.object({}), batch: 1, single: true }, async () =>
    told[looks++]?.resolve(),
  )
  await test.store.queues.handle(job, {})
  return { first: told[0]?.promise, second: told[1]?.promise }
}

it('looks once when asked once', async () => {
  const { first } = await look()
  await ask()
  await first
  expect(await jobs()).toBe(1)
})

it('looks once more when the job that stood in was taken before the commit', async () => {
  const { queues, db } = test.store
  await ask()
  const sent: EnqueuedJob[] = [{ job: { queue: 'schedule' } }]
  const stoodIn = await queues.sendAll(sent, fromDrizzle(db as unknown as DrizzleTransactionLike, sql))
  expect(await jobs()).toBe(1)

  const { first, second } = await look()
  await first
  queues.committed(sent, stoodIn)
  await second
  expect(await jobs()).toBe(2)
})
