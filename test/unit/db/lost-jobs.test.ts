/** Jobs whose process ended: they are taken up again, that costs them no try, and it has an end. */

import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../../../src/db/define-job.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let test: TestStore
beforeEach(async () => {
  test = await openTestStore()
})
afterEach(() => test.close())

interface JobRow {
  state: string
  retry_count: number
  retry_limit: number
}

async function rows<T>(query: ReturnType<typeof sql>): Promise<T[]> {
  return ((await test.store.db.execute(query)) as unknown as { rows: T[] }).rows
}

const job = async () =>
  (await rows<JobRow>(sql`select state, retry_count, retry_limit from pgboss.job where name = 'triage'`))[0]

/** A process takes the job and ends without a word: what pg-boss writes when it hands out a job. */
const takenAndLost = () =>
  rows(sql`update pgboss.job set state = 'active', heartbeat_on = now() - interval '1 minute',
    retry_count = case when started_on is null then 0 else retry_count + 1 end, started_on = now()
    where name = 'triage'`)

function handler(options: { fails?: boolean; last?: (error: unknown) => void } = {}) {
  const seen = Promise.withResolvers<{ last: boolean }>()
  const definition = defineJob(
    {
      queue: 'triage',
      payload: z.object({ workItemId: z.number() }),
      onFinalFailure: async (_: object, __, error) => options.last?.(error),
    },
    async (_: object, __, attempt) => {
      seen.resolve(attempt)
      if (options.fails) throw new Error('no')
    },
  )
  return { definition, seen: seen.promise }
}

it('a job whose processes were killed nine times has all its tries left', async () => {
  const { queues, db } = test.store
  await queues.send({ queue: 'triage', workItemId: 1 })
  for (let kill = 1; kill <= 9; kill++) {
    await takenAndLost()
    await queues.requeue(db, 'silent')
    const row = await job()
    expect(row).toMatchObject({ state: 'retry' })
    expect((row?.retry_limit ?? 0) - (row?.retry_count ?? 0)).toBe(9)
  }
  const { definition, seen } = handler()
  await queues.handle(definition, {})
  expect(await seen).toEqual({ last: false })
})

it('a job that is being worked on elsewhere is left alone', async () => {
  const { queues, db } = test.store
  await queues.send({ queue: 'triage', workItemId: 1 })
  await rows(
    sql`update pgboss.job set state = 'active', heartbeat_on = now(), started_on = now() where name = 'triage'`,
  )
  await queues.requeue(db, 'silent')
  expect(await job()).toMatchObject({ state: 'active' })
  await queues.requeue(db, 'all')
  expect(await job()).toMatchObject({ state: 'retry' })
})

it('a job that ends its process again and again is given up, and reported', async () => {
  const { queues, db } = test.store
  await queues.send({ queue: 'triage', workItemId: 1 })
  for (let kill = 1; kill <= 20; kill++) {
    await takenAndLost()
    await queues.requeue(db, 'silent')
  }
  const reported = Promise.withResolvers<unknown>()
  await queues.handle(handler({ last: reported.resolve }).definition, {})
  expect(String(await reported.promise)).toContain('the process ended 20 times')
  await expect.poll(job, { timeout: 20_000 }).toMatchObject({ state: 'failed' })
})
