/** The journeys of finished items reach a collector once, as it expects them, also when it was away. */

import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTraces, type TraceSink } from '../../../src/channels/traces.ts'
import { deliveries } from '../../../src/db/schema/deliveries.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { auditLog, repositories } from '../../../src/db/schema/repositories.ts'
import { gateResults, runs } from '../../../src/db/schema/runs.ts'
import { usage } from '../../../src/db/schema/usage.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { ItemTracer } from '../../../src/reconcile/trace-items.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'
import { openTraceCollector, spanTree, type TraceCollector } from '../../support/trace-collector.ts'

let stage: TestStore
let collector: TraceCollector
let sink: TraceSink
const said: string[] = []
const log = {
  info: (text: unknown) => void said.push(String(text)),
  warn: (_: unknown, text?: string) => void said.push(text ?? ''),
}

beforeEach(async () => {
  stage = await openTestStore()
  said.length = 0
  collector = await openTraceCollector()
  sink = openTraces({ url: `${collector.url}/v1/traces`, headers: { 'x-team': 'a' }, service: 'tutti-test' })
})
afterEach(async () => {
  await sink.close()
  collector.close()
  await stage.close()
})

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 20, 12, 0, 0) + seconds * 1_000)

async function addItem(): Promise<void> {
  const { db } = stage.store
  await db.insert(repositories).values({
    ...{
      githubId: 7,
      fullName: 'acme/app',
      installationId: 1,
      cloneUrl: 'https://x/acme/app.git',
      defaultBranch: 'main',
    },
  })
  const payload = { action: 'labeled', issue: { number: 5 }, repository: { full_name: 'acme/app' } }
  await db.insert(deliveries).values([
    {
      deliveryId: 'd0',
      event: 'issues',
      payload: JSON.stringify({ ...payload, issue: { number: 6 } }),
      receivedAt: at(-0.4),
    },
    { deliveryId: 'd1', event: 'issues', payload: JSON.stringify(payload), receivedAt: at(-0.5) },
    // Most deliveries mean nothing: nothing but their id is kept.
    { deliveryId: 'd2', event: 'issue_comment', payload: '', state: 'ignored', receivedAt: at(-0.1) },
  ])
  await db.insert(workItems).values({
    ...{ repositoryId: 1, issueNumber: 5, title: 'Say hello', state: 'done', module: 'a', branch: 'module/a' },
    ...{ requestedBy: 'maintainer', requestedById: 1, baseBranch: 'main', createdAt: at(0), doneAt: at(60) },
  })
  const entry = { repositoryId: 1, workItemId: 1, actor: 'tutti', previousHash: '', hash: '' }
  const steps: [number, string][] = [
    ...([
      [0, 'queued'],
      [1, 'queued → ready'],
      [2, 'ready → running'],
      [20, 'running → checking'],
    ] as [number, string][]),
    ...([
      [30, 'checking → reviewing'],
      [31, 'refused /merge'],
      [50, 'reviewing → merging'],
      [60, 'merging → done'],
    ] as [number, string][]),
  ]
  await db.insert(auditLog).values(steps.map(([second, what]) => ({ ...entry, at: at(second), what })))
  const run = { workItemId: 1, agent: 'codex', stage: 'ended' as const }
  await db.insert(runs).values([
    { ...run, attempt: 1, outcome: 'crashed', failureClass: 'transient', startedAt: at(2), endedAt: at(8) },
    { ...run, attempt: 2, outcome: 'finished', model: 'm1', startedAt: at(9), endedAt: at(20) },
  ])
  await db.insert(usage).values({ runId: 2, repositoryId: 1, inputTokens: 500, day: '2026-11-20' })
  const gate = { workItemId: 1, sha: 'abc', summary: 'ok', milliseconds: 3_000 }
  await db.insert(gateResults).values([
    { ...gate, gate: 'tests', verdict: 'pass', createdAt: at(25) },
    { ...gate, gate: 'lint', verdict: 'fail', summary: 'two errors', createdAt: at(24) },
  ])
  const effect = { repositoryId: 1, workItemId: 1, payload: {}, state: 'done' as const }
  await db.insert(effects).values({ ...effect, key: 'merge', kind: 'merge', attemptedAt: at(51), doneAt: at(53) })
}

it('from the webhook to the merge, each step below the one that it is a part of', async () => {
  await addItem()
  expect(await new ItemTracer({ store: stage.store, log }, sink).round()).toBe(1)
  const [{ spans, headers, service } = { spans: [], headers: {}, service: '' }] = collector.received
  expect(spanTree(spans)).toEqual([
    ' > acme/app#5',
    'acme/app#5 > webhook issues.labeled',
    'acme/app#5 > queued',
    'acme/app#5 > ready',
    'acme/app#5 > running',
    'running > build attempt 1',
    'running > build attempt 2',
    'acme/app#5 > checking',
    'checking > gate lint',
    'checking > gate tests',
    'acme/app#5 > reviewing',
    'acme/app#5 > merging',
    'merging > GitHub merge',
  ])
  expect([headers['x-team'], service]).toEqual(['a', 'tutti-test'])
  expect(new Set(spans.map((one) => one.traceId)).size).toBe(1)
  expect(spans[0]).toMatchObject({
    startTimeUnixNano: `${at(-0.5).getTime()}000000`,
    endTimeUnixNano: `${at(60).getTime()}000000`,
    status: { code: 1 },
  })
  expect(spans[1]?.attributes).toContainEqual({ key: 'tutti.delivery', value: { stringValue: 'd1' } })
  expect(spans[5]?.status).toEqual({ code: 2, message: 'crashed: transient' })
  expect(spans[6]?.attributes).toContainEqual({ key: 'gen_ai.usage.input_tokens', value: { intValue: 500 } })
  expect(spans[8]?.status).toEqual({ code: 2, message: 'two errors' })
})

it('once; and with the same ids where it could not be noted', async () => {
  await addItem()
  const tracer = new ItemTracer({ store: stage.store, log }, sink)
  expect([await tracer.round(), await tracer.round()]).toEqual([1, 0])
  await stage.store.db.execute('delete from item_traces')
  expect(await tracer.round()).toBe(1)
  expect(collector.received[1]?.spans.map((one) => one.spanId)).toEqual(
    collector.received[0]?.spans.map((one) => one.spanId),
  )
})

it('a collector that refuses is said once, and gets everything later', async () => {
  await addItem()
  const tracer = new ItemTracer({ store: stage.store, log }, sink)
  collector.answer = 400
  expect([await tracer.round(), await tracer.round()]).toEqual([0, 0])
  expect(said).toEqual(['the OpenTelemetry collector does not take traces; it is tried again'])
  collector.answer = 200
  expect(await tracer.round()).toBe(1)
  expect(said.at(-1)).toBe('the OpenTelemetry collector takes traces again')
})

it('an item of which no trace can be made holds up no other', async () => {
  await addItem()
  await stage.store.db.update(deliveries).set({ payload: 'no JSON' }).where(eq(deliveries.deliveryId, 'd0'))
  const tracer = new ItemTracer({ store: stage.store, log }, sink)
  expect([await tracer.round(), await tracer.round()]).toEqual([0, 0])
  expect(said).toEqual(['no trace can be made of an item; it is left out'])
})

it('an item that is not finished is not sent', async () => {
  await addItem()
  await stage.store.db.update(workItems).set({ state: 'held' })
  expect(await new ItemTracer({ store: stage.store, log }, sink).round()).toBe(0)
})
