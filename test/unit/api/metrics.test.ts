import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { metricPages } from '../../../src/api/metrics.ts'
import { metrics } from '../../../src/db/metric-facts.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { usage } from '../../../src/db/schema/usage.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { openApiPlace } from '../../support/api-place.ts'

let place: Awaited<ReturnType<typeof openApiPlace>>
beforeAll(async () => {
  place = await openApiPlace()
})
afterAll(() => place.close())

test('the metrics need a token of all repositories, and every one of them can be read', async () => {
  const { store, events, repositories } = place
  const place2 = { ...{ module: 'a', branch: 'module/issue-1', baseBranch: 'main', state: 'ready' as const } }
  const [item] = await store.db
    .insert(workItems)
    .values({
      repositoryId: repositories.app.id,
      issueNumber: 1,
      title: 'x',
      requestedBy: 'mona',
      requestedById: 1,
      ...place2,
    })
    .returning()
  const workItemId = item?.id ?? 0
  const [run] = await store.db
    .insert(runs)
    .values({ workItemId, attempt: 1, agent: 'codex', stage: 'ended', outcome: 'runner lost' })
    .returning()
  const pull = { repositoryId: repositories.app.id, workItemId, url: '', headSha: 'a'.repeat(40), baseBranch: 'main' }
  const revertedAt = new Date()
  await store.db.insert(pullRequests).values([
    { ...pull, number: 2, state: 'merged', revertedAt, revertedBy: '#9' },
    { ...pull, number: 3, state: 'merged' },
  ])
  await store.db.insert(usage).values({
    ...{ runId: run?.id ?? 0, repositoryId: repositories.app.id, inputTokens: 7, cost: 1_500_000, currency: 'USD' },
    day: '2026-11-28',
  })
  const app = metricPages({
    store,
    events,
    log: pino({ level: 'silent' }),
    env: { HOST: '127.0.0.1', PUBLIC_URL: undefined },
  })
  const ask = (secret?: string) =>
    app.request('http://127.0.0.1/metrics', secret ? { headers: { Authorization: `Bearer ${secret}` } } : {})
  expect((await ask()).status).toBe(401)
  expect((await ask(await place.token('read'))).status).toBe(403)
  const answer = await ask(await place.token('read', 'all'))
  expect(answer.headers.get('Content-Type')).toContain('text/plain')
  const text = await answer.text()
  for (const { name } of metrics) expect(text).toContain(`# HELP ${name} `)
  expect(text).toContain('tutti_runs_total{agent="codex",purpose="build",size="unknown",outcome="runner lost"} 1')
  expect(text).toContain('tutti_pull_requests_total{agent="codex",size="unknown",state="merged"} 2')
  expect(text).toContain('tutti_pull_requests_reverted{agent="codex",size="unknown"} 1')
  expect(text).toContain('tutti_leases_lost_total 1')
  expect(text).toContain('tutti_spend_total{agent="codex",currency="USD"} 1.5')
  expect(text).toContain('tutti_items{repository="acme/app",state="ready"} 1')
  expect(text).toContain('process_resident_memory_bytes')
})
