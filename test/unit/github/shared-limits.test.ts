/** GitHub's limits hold for all processes together, and across restarts. */

import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { limitsOf, sharedLimits } from '../../../src/db/api-limits.ts'
import type { Store } from '../../../src/db/connect.ts'
import { enqueueEffect } from '../../../src/db/outbox.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { apiLimits } from '../../../src/db/schema/api-limits.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { budgetOf } from '../../../src/domain/call-limits.ts'
import type { Effect } from '../../../src/domain/effects.ts'
import { type EffectHandlers, loadEffectHandlers } from '../../../src/github/effects/lib/registry.ts'
import { Meter } from '../../../src/github/meter.ts'
import { Publisher } from '../../../src/github/publisher.ts'
import { findRetryAfter, RetryAfter } from '../../../src/lib/errors.ts'
import { memoryLimits } from '../../support/memory-limits.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'
import { github, installationId, mintTokens, newClient, repo, secondaryLimit, useNock } from './api.ts'

useNock()

const start = new Date(Math.floor(Date.now() / 1_000) * 1_000)
let opened: TestStore
let store: Store
let repositoryId: number
let handlers: EffectHandlers

beforeAll(async () => {
  opened = await openTestStore()
  store = opened.store
  handlers = await loadEffectHandlers()
  const repository = await saveRepository(store.db, {
    ...{ githubId: 5, fullName: 'acme/app', private: false, installationId },
    ...{ cloneUrl: 'https://github.test/acme/app.git', defaultBranch: 'main' },
  })
  repositoryId = repository.id
})
afterAll(() => opened.close())

beforeEach(async () => {
  await store.db.delete(effects)
  await store.db.execute(sql`delete from api_limits`)
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)
/** The limits as a process that has just started sees them. */
const limits = () => sharedLimits(store.db, () => new Date())

/** A process that has just started, with a token. */
function newProcess(instance: string) {
  // It needs one for its first write, which the other process may leave it none of.
  mintTokens(1, { optionally: true })
  const client = newClient(limits())
  return new Publisher({
    ...{ store, client, handlers, instance, log: pino({ level: 'silent' }), redact: (text: string) => text },
    ...{ botLogin: () => 'tutti[bot]', missing: () => {}, statusComment: async () => 'Working on it.' },
    ...{ pullRequestComment: async () => '', commands: [] },
    commitFiles: async () => ({ baseTree: '', files: [] }),
  })
}

const want = (effect: Effect, key: string, options: { asked?: boolean } = {}) =>
  store.transaction((tx) => enqueueEffect(tx, { repositoryId, key: `test:${key}` }, effect, options))
const comment = (n: number): Effect => ({ kind: 'comment', payload: { issueNumber: 1, body: `${n}` } })
const comments = repo('/issues/1/comments')

/** Drains until it must wait; then until when, and otherwise undefined. */
const drained = async (publisher: Publisher) => {
  const error = await publisher.drain().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error !== undefined && !(error instanceof RetryAfter)) throw error
  return error?.until
}

/** The most that were sent in any such window. */
const most = (times: number[], ms: number) =>
  Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + ms).length))

test('two processes that write as fast as they can, one of them restarted again and again, stay inside the limits', async () => {
  for (let n = 1; n <= 100; n++) await want(comment(n), `c${n}`)
  const sent: number[] = []
  github()
    .post(comments)
    .times(100)
    .reply(201, () => {
      sent.push(Date.now())
      // A call takes its time: two processes would write hundreds in a minute.
      pass(20)
      return { id: sent.length }
    })
  const one = newProcess('one')
  let restarts = 0
  while (sent.length < 100 && restarts < 20) {
    const untils = await Promise.all([drained(one), drained(newProcess(`other ${++restarts}`))])
    const next = Math.max(...untils.map((until) => until?.getTime() ?? 0))
    if (next > Date.now()) vi.setSystemTime(next)
  }
  expect(sent).toHaveLength(100)
  expect(most(sent, 60_000)).toBeLessThanOrEqual(80)
  expect(most(sent, 60_000)).toBeGreaterThanOrEqual(60)
  expect(restarts).toBeGreaterThan(1)
})

test('500 writes an hour and 900 points a minute, however many processes there are', async () => {
  // The rules alone: the last test holds the statement to them.
  const shared = memoryLimits()
  const processes = [1, 2, 3].map(() => new Meter(shared))
  const sent: { at: number; kind: 'read' | 'write' }[] = []
  let turn = 0
  while (sent.filter(({ kind }) => kind === 'write').length < 620) {
    const meter = processes[turn++ % 3] as Meter
    // Bursts of reads between the writes.
    const kind = turn % 40 < 12 ? 'read' : 'write'
    const error = await meter.acquire(kind).catch((thrown: unknown) => thrown)
    const asked = findRetryAfter(error)
    if (asked) vi.setSystemTime(Math.max(asked.until.getTime(), Date.now() + 1))
    else {
      sent.push({ at: Date.now(), kind })
      pass(turn % 7 === 0 ? 900 : 3)
    }
  }
  const times = (kind: string) => sent.filter((call) => call.kind === kind).map(({ at }) => at)
  expect(most(times('write'), 60_000)).toBeLessThanOrEqual(80)
  expect(most(times('write'), 3_600_000)).toBe(500)
  const points = sent.flatMap(({ at, kind }) => Array<number>(kind === 'read' ? 1 : 5).fill(at))
  expect(most(points, 60_000)).toBeLessThanOrEqual(900)
})

test('a thousand reads at once: some go, the others wait for their minute, and writes still fit', async () => {
  const meter = new Meter(memoryLimits())
  let made = 0
  let until: Date | undefined
  for (let read = 0; read < 1_000 && !until; read++) {
    await meter.acquire('read').then(
      () => made++,
      (error: unknown) => {
        until = findRetryAfter(error)?.until
      },
    )
  }
  expect(made).toBe(800)
  expect(until).toEqual(new Date(start.getTime() + 62_000))
  await meter.acquire('write')
})

test('a pause that GitHub asks of one process is kept by every other, and after a restart', async () => {
  await want(comment(1), 'c1')
  const [one, other] = [newProcess('one'), newProcess('two')]
  github().post(comments).reply(429, secondaryLimit, { 'retry-after': '60' })
  const asked = new Date(start.getTime() + 60_250)
  // Its own effect waits until then; the next thing that it wants is refused.
  await want(comment(2), 'c2')
  expect(await drained(one)).toEqual(asked)
  for (let second = 1; second < 60; second += 7) {
    pass(7_000)
    if (Date.now() >= start.getTime() + 60_000) break
    expect(await drained(other), 'another process').toEqual(asked)
    const meter = new Meter(limits())
    const refused = await meter.acquire('read').catch((error: unknown) => error)
    expect(findRetryAfter(refused)?.until, 'a new process').toEqual(asked)
    expect(meter.reads).toBe(0)
  }
  vi.setSystemTime(asked)
  github().get(comments).query(true).reply(200, [])
  github().post(comments).twice().reply(201, { id: 60 })
  expect(await drained(other)).toBeUndefined()
})

test('a pause that the database did not take is stored with the next call', async () => {
  const stored = limits()
  let away = true
  const meter = new Meter({
    count: stored.count,
    pause: (ms) => (away ? Promise.reject(new Error('the database is away')) : stored.pause(ms)),
  })
  await meter.note(new Response('{}', { status: 429, headers: { 'retry-after': '60' } }))
  await expect(meter.acquire('read')).rejects.toBeInstanceOf(RetryAfter)
  await new Meter(limits()).acquire('read')
  away = false
  await expect(meter.acquire('read')).rejects.toBeInstanceOf(RetryAfter)
  await expect(new Meter(limits()).acquire('read')).rejects.toBeInstanceOf(RetryAfter)
})

test('while the database is away nothing is written, and reads go on', async () => {
  const away = () => Promise.reject(new Error('the database is away'))
  const meter = new Meter({ count: away, pause: away })
  await meter.acquire('read')
  await expect(meter.acquire('write')).rejects.toThrow('the database is away')
})

test('a person who asked is answered before what no one has asked for, also when the budget is short', async () => {
  const meter = new Meter(limits())
  for (let n = 1; n <= 70; n++) await meter.acquire('write')
  await want({ kind: 'close-issue', payload: { issueNumber: 9, reason: 'completed' } }, 'close')
  for (let n = 1; n <= 5; n++) await want(comment(n), `c${n}`)
  const status: Effect = { kind: 'status-comment', payload: { issueNumber: 1 } }
  await want(status, 'status')
  await want(status, 'status-2')
  // What was wanted for later anyhow becomes urgent when a person asks.
  await want({ kind: 'status-comment', payload: { issueNumber: 2 } }, 'status-2', { asked: true })
  const order: string[] = []
  const note = (what: string) => () => {
    order.push(what)
    return { id: 1 }
  }
  github().patch(repo('/issues/9')).reply(200, note('close'))
  github().post(repo('/issues/2/comments')).reply(201, note('the answer'))
  const until = await drained(newProcess('one'))
  expect(order).toEqual(['close', 'the answer'])
  expect(until).toEqual(new Date(start.getTime() + 62_000))
})

test('the statement that counts and the rule that says how long to wait agree', async () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  const [stored, model] = [limits(), memoryLimits()]
  // Most of an hour's budget is used up.
  const earlier = Array.from({ length: 430 }, (_, n) => new Date(start.getTime() - 3_590_000 + n * 8_000))
  const times = sql.join(
    earlier.map((time) => sql`${time.toISOString()}::timestamptz`),
    sql`, `,
  )
  await store.db.execute(sql`insert into api_limits (name, writes) values ('github', array[${times}])`)
  for (const time of earlier) {
    vi.setSystemTime(time)
    await model.count(budgetOf('write'))
  }
  vi.setSystemTime(start)
  for (let step = 0; step < 400; step++) {
    const kind = (['read', 'write', 'write', 'write', 'token'] as const)[random(5)] ?? 'read'
    if (random(200) === 0) await Promise.all([stored.pause(5_000), model.pause(5_000)])
    const budget = budgetOf(kind, random(4))
    const [one, two] = [await stored.count(budget), await model.count(budget)]
    expect(one === undefined, `step ${step}: ${kind}`).toBe(two === undefined)
    if (one && two) expect(one.record).toMatchObject({ pausedUntil: two.record.pausedUntil })
    pass(random(40) === 0 ? random(90_000) : random(500))
  }
})

test('counting a call is one statement', async () => {
  let statements = 0
  const counting = new Proxy(store.db, {
    get: (db, name) => {
      if (name === 'execute' || name === 'insert' || name === 'select') statements++
      const value: unknown = Reflect.get(db, name)
      return typeof value === 'function' ? value.bind(db) : value
    },
  })
  await new Meter(limits()).acquire('read')
  const meter = new Meter(sharedLimits(counting, () => new Date()))
  for (let n = 1; n <= 10; n++) {
    await meter.reserveWrite(5)
    await meter.acquire('write')
  }
  expect(statements).toBe(10)
})

test('an Enterprise Server may allow more, GitHub.com never does', async () => {
  const asked = { API_LIMIT_FACTOR: 3 }
  expect(limitsOf({ ...asked, apiUrl: 'https://api.github.com' }, store.db).factor).toBe(1)
  const limits = limitsOf({ ...asked, apiUrl: 'https://github.acme.test/api/v3' }, store.db)
  const meter = new Meter({ ...memoryLimits(), factor: limits.factor })
  const written = async () => {
    for (let n = 0; ; n++) if (await meter.acquire('write').catch(() => true)) return n
  }
  expect(await written()).toBe(240)
})

test('a server without limits holds no call back and nothing is noted, but a pause is kept', async () => {
  const shared = { ...sharedLimits(store.db), factor: 0 }
  const meter = new Meter(shared)
  for (let n = 0; n < 200; n++) {
    await meter.reserveWrite(5)
    await meter.acquire('write')
    await meter.acquire('read')
  }
  expect([meter.writes, meter.reads]).toEqual([200, 200])
  const [noted] = await store.db.select().from(apiLimits)
  expect(noted).toMatchObject({ reads: [], writes: [] })
  await shared.pause(60_000)
  for (const kind of ['read', 'write', 'token'] as const)
    await expect(new Meter(shared).acquire(kind), kind).rejects.toThrow('GitHub asked for a pause')
})
