import { sql } from 'drizzle-orm'
import { type DrizzleTransactionLike, fromDrizzle } from 'pg-boss'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../../../src/db/define-job.ts'
import type { EnqueuedJob } from '../../../src/db/queues.ts'
import { LeaveToOthers } from '../../../src/lib/errors.ts'
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

const enqueue = () => test.store.transaction((tx) => tx.enqueue({ queue: 'schedule' }))

/** Counts the calls of the handler. @returns promises of the first and the second call. */
async function handleJobs() {
  const calls = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let count = 0
  const job = defineJob({ queue: 'schedule', payload: z.object({}), batch: 1, single: true }, async () =>
    calls[count++]?.resolve(),
  )
  await test.store.queues.handle(job, {})
  return { first: calls[0]?.promise, second: calls[1]?.promise }
}

it('handles one job once', async () => {
  const { first } = await handleJobs()
  await enqueue()
  await first
  expect(await jobs()).toBe(1)
})

it('handles a second job when the waiting job that replaced it was fetched before the commit', async () => {
  const { queues, db } = test.store
  await enqueue()
  const sent: EnqueuedJob[] = [{ job: { queue: 'schedule' } }]
  const deduplicated = await queues.sendAll(sent, fromDrizzle(db as unknown as DrizzleTransactionLike, sql))
  expect(await jobs()).toBe(1)

  const { first, second } = await handleJobs()
  await first
  queues.committed(sent, deduplicated)
  await second
  expect(await jobs()).toBe(2)
})

it('sends a job that is left to others once more, and fetches nothing while they may take it', async () => {
  const calls: number[] = []
  const done = Promise.withResolvers<void>()
  const job = defineJob(
    { queue: 'run-agent', payload: z.object({ runId: z.number() }) },
    async (_: object, { runId }) => {
      calls.push(performance.now())
      if (calls.length === 1) throw new LeaveToOthers('another one has its tree', 300)
      expect(runId).toBe(7)
      done.resolve()
    },
  )
  await test.store.queues.handle(job, {})
  await test.store.queues.send({ queue: 'run-agent', runId: 7 })
  // No one else is here.
  await done.promise
  expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(299)
})

it('takes no more jobs of a queue that it has given up, and goes on with the others', async () => {
  const { queues } = test.store
  const begun: string[] = []
  const scheduled = Promise.withResolvers<void>()
  const [agents, passes] = [
    defineJob({ queue: 'run-agent', payload: z.object({ runId: z.number() }) }, async () => void begun.push('agent')),
    defineJob({ queue: 'schedule', payload: z.object({}) }, async () => scheduled.resolve()),
  ]
  await queues.handle(agents, {})
  await queues.handle(passes, {})
  await queues.stopTaking(['run-agent', 'run-gates'])
  await queues.send({ queue: 'run-agent', runId: 7 })
  await queues.send({ queue: 'schedule' })
  await scheduled.promise
  expect(begun).toEqual([])
})

it('keeps why a job failed, whatever stands in the message', async () => {
  const { queues, db } = test.store
  const job = defineJob({ queue: 'schedule', payload: z.object({}), batch: 1, single: true }, async () => {
    throw new Error('half \ud83d of it, and a \0')
  })
  await queues.handle(job, {})
  await enqueue()
  const why = async () => {
    const result = await db.execute(sql`select output->>'message' as why from pgboss.job where name = 'schedule'`)
    return (result as unknown as { rows: object[] }).rows
  }
  await expect.poll(why).toContainEqual({ why: 'half \ufffd of it, and a ' })
})
