import { expect, test } from 'vitest'
import { healthPages, type ProcessHealth } from '../../../src/api/health.ts'
import type { Store } from '../../../src/db/connect.ts'

const webhooks = { secret: 'does not fit', refused: 3 } as const
const health: ProcessHealth = {
  phase: 'serving',
  role: 'all',
  agents: () => 2,
  silentSeconds: () => 7,
  webhooks,
  sandbox: { mode: 'auto', on: true } as const,
}

/** A database that answers as this says. */
const answering = (execute: () => Promise<unknown>) => ({ db: { execute } }) as unknown as Pick<Store, 'db'>

const ask = async (execute: () => Promise<unknown>) => {
  const answer = await healthPages(answering(execute), health).request('/healthz')
  return { code: answer.status, ...((await answer.json()) as object) }
}

test('a database that answers, one that refuses, and one that never says anything', async () => {
  expect(await ask(async () => [])).toEqual({
    code: 200,
    status: 'ok',
    role: 'all',
    database: 'ok',
    heartbeatSecondsAgo: 7,
    agents: 2,
    sandbox: { mode: 'auto', on: true },
    // A stranger can bring this about, so it makes no service unhealthy.
    webhooks,
  })
  expect(await ask(() => Promise.reject(new Error('no')))).toMatchObject({ code: 503, database: 'away' })
  expect(await ask(() => new Promise(() => {}))).toMatchObject({ code: 503, database: 'away', heartbeatSecondsAgo: 7 })
})
