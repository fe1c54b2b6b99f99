/**
 * Budgets in the scheduler: the money left for today, the money reserved for runs before they start, and the next day.
 */

import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { lastDecision } from '../../../src/db/decisions.ts'
import { recentUse } from '../../../src/db/recent-use.ts'
import { type RepositoryRow, saveRepository } from '../../../src/db/repositories.ts'
import { claimRun, endRun, type Lease, LeaseLost, liveRuns, updateRun } from '../../../src/db/runs.ts'
import { scheduleReportOf } from '../../../src/db/schedule-reports.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { costsOfRuns, type ReportedUsage, saveUsage, spentToday } from '../../../src/db/usage.ts'
import { addWorkItem, getItem } from '../../../src/db/work-items.ts'
import { Scheduler } from '../../../src/scheduling/scheduler.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterEach(async () => {
  vi.useRealTimers()
  // The money reserved for a run of one test must not count in the next test.
  await opened.store.db.execute(sql`update runs set stage = 'ended' where stage <> 'ended'`)
})
afterAll(async () => {
  for (const scheduler of schedulers.values()) await scheduler.close()
  await opened.close()
})

const log = pino({ level: 'silent' })
const schedulers = new Map<string, Scheduler>()
/** A pass by the process with this environment, the same process for every pass. */
async function dispatch(env: Record<string, string> = {}): Promise<void> {
  const key = JSON.stringify(env)
  const scheduler = schedulers.get(key) ?? newScheduler(env)
  schedulers.set(key, scheduler)
  await scheduler.dispatch()
}

function newScheduler(env: Record<string, string>): Scheduler {
  const all = { MAX_AGENTS: '9', AGENT: 'scripted', ...env }
  return new Scheduler({ store: opened.store, env: readEnv(all), log, freeMemory: () => 2 ** 40 })
}

/** Fakes only the date. */
const itIs = (time: string) => vi.useFakeTimers({ toFake: ['Date'], now: new Date(time) })

/** A separate repository for each test, with ready items. */
let repositoryCount = 0
async function repository(limits: string, count: number): Promise<{ repo: RepositoryRow; ids: number[] }> {
  const { store } = opened
  const githubId = ++repositoryCount
  const facts = { githubId, installationId: 1, fullName: `acme/app${githubId}`, private: true, cloneUrl: '' }
  const { id } = await saveRepository(store.db, { ...facts, defaultBranch: 'main' })
  const settings = readSettings(`agent: agent-${githubId}\n${limits}`)
  const [repo] = await store.db.update(repositories).set({ settings }).where(sql`id = ${id}`).returning()
  const ids: number[] = []
  for (let number = 1; number <= count; number++) {
    const names = { module: `issue-${number}`, branch: `module/issue-${number}`, baseBranch: 'main' }
    const wanted = { repositoryId: id, issueNumber: number, title: 'x', state: 'ready' as const, requestedBy: 'm' }
    const item = await store.transaction((tx) => addWorkItem(tx, { ...wanted, requestedById: 1, ...names }, 'm'))
    if (item) ids.push(item.id)
  }
  if (!repo) throw new Error('the system was not stored')
  return { repo, ids }
}

const atWork = async ({ id }: RepositoryRow) =>
  (await liveRuns(opened.store.db))
    .filter(({ item }) => item.repositoryId === id)
    .map(({ item }) => item.issueNumber)
    .toSorted((a, b) => a - b)

async function take(workItemId: number): Promise<Lease> {
  const row = (await liveRuns(opened.store.db)).find(({ item }) => item.id === workItemId)
  const claimed = row && (await claimRun(opened.store.db, row.run.id, 'me', 'waiting'))
  if (!claimed) throw new Error('the run was not claimed')
  return claimed.lease
}

const report = (lease: Lease, used: ReportedUsage) =>
  opened.store.transaction(async (tx) => {
    await saveUsage(tx.db, await updateRun(tx.db, lease, {}), used, new Date())
  })

const cost = (amount: number, currency = 'USD'): ReportedUsage => ({ cost: { millionths: amount * 1e6, currency } })
const end = (lease: Lease) => opened.store.transaction((tx) => endRun(tx, lease, { outcome: 'gates failed' }))
const words = async (workItemId: number | undefined) =>
  (await lastDecision(opened.store.db, workItemId ?? 0))?.explanation ?? ''

test('the second item waits for the budget of its repository, and starts on the next day', async () => {
  const { store } = opened
  itIs('2026-11-21T21:00:00Z')
  const { repo, ids } = await repository('limits: { spendPerDay: 1, spendPerRun: 0.8 }', 2)
  const [first = 0, second = 0] = ids
  await dispatch()
  expect(await atWork(repo)).toEqual([1])
  expect(await words(second)).toContain(
    "the repository's budget for a day (`limits.spendPerDay`, 1.00 USD) has 0.20 USD left and a run is expected to cost 0.80 USD; it is full again at midnight UTC",
  )
  const lease = await take(first)
  // Another process reserves money for the first one, too.
  await dispatch()
  await newScheduler({}).dispatch()
  expect(await atWork(repo)).toEqual([1])
  await report(lease, cost(0.7))
  await end(lease)
  await dispatch()
  expect(await atWork(repo)).toEqual([])
  expect(await words(second)).toContain('has 0.30 USD left and a run is expected to cost 0.70 USD;')

  // By the key: jobs without a time start by the clock of the server.
  const wakes = await store.db.execute(
    sql`select distinct start_after from pgboss.job where name = 'schedule' and singleton_key <> 'now'`,
  )
  const { rows } = wakes as unknown as { rows: { start_after: string | Date }[] }
  expect(rows.map(({ start_after }) => new Date(start_after).toISOString())).toEqual(['2026-11-22T00:00:00.000Z'])
  itIs('2026-11-22T00:00:00Z')
  await dispatch()
  expect(await atWork(repo)).toEqual([2])
})

test('the cost that a run has reported is no longer reserved, and nothing is reserved for a finished agent', async () => {
  const { repo, ids } = await repository('limits: { agents: 3, spendPerDay: 2, spendPerRun: 0.9 }', 3)
  await dispatch()
  expect(await atWork(repo)).toEqual([1, 2])
  const [first, second] = [await take(ids[0] ?? 0), await take(ids[1] ?? 0)]
  // 2 - 0.5 is left, 0.4 and 0.9 of it are reserved.
  await report(first, cost(0.5))
  await dispatch()
  expect(await atWork(repo)).toEqual([1, 2])
  await updateRun(opened.store.db, first, { stage: 'gates' })
  await updateRun(opened.store.db, second, { stage: 'gates' })
  await dispatch()
  expect((await atWork(repo)).toSorted()).toEqual([1, 2, 3])
})

test('a reported cost counts once: it reduces the money left, and the money reserved for the run', async () => {
  const { repo, ids } = await repository('limits: { spendPerDay: 1.7, spendPerRun: 0.9 }', 2)
  await dispatch()
  expect(await atWork(repo)).toEqual([1])
  await report(await take(ids[0] ?? 0), cost(0.8))
  await dispatch()
  expect(await atWork(repo)).toEqual([1])
  await opened.store.db.execute(
    sql`update repositories set settings = jsonb_set(settings, '{limits,spendPerDay}', '1.8') where id = ${repo.id}`,
  )
  await dispatch()
  expect((await atWork(repo)).toSorted()).toEqual([1, 2])
})

test('a run that works through midnight costs each day what it reported on that day', async () => {
  itIs('2026-11-23T23:50:00Z')
  const { repo, ids } = await repository('limits: { agents: 1 }', 1)
  await dispatch()
  const lease = await take(ids[0] ?? 0)
  await report(lease, cost(0.5))
  const today = async () => (await spentToday(opened.store.db, new Date(), repo.id)).map((one) => one.millionths)
  expect(await today()).toEqual([500_000])
  itIs('2026-11-24T00:10:00Z')
  expect(await today()).toEqual([])
  await report(lease, cost(0.9))
  await report(lease, { ...cost(0.9), inputTokens: 10 })
  expect(await today()).toEqual([400_000])
  await end(lease)
})

test('stored usage never decreases and keeps its currency, whatever is reported; a lost lease writes nothing', async () => {
  const { db } = opened.store
  const { ids, repo } = await repository('', 1)
  await dispatch()
  const lease = await take(ids[0] ?? 0)
  await report(lease, { inputTokens: 5 })
  await report(lease, cost(2))
  for (const used of [cost(1), cost(9, 'EUR'), { inputTokens: 3, outputTokens: 4 }]) await report(lease, used)
  await expect(report({ ...lease, epoch: lease.epoch + 1 }, cost(7))).rejects.toThrow(LeaseLost)
  expect(await costsOfRuns(db, [lease.runId])).toEqual(new Map([[lease.runId, { millionths: 2e6, currency: 'USD' }]]))
  expect(await spentToday(db, new Date(), repo.id)).toMatchObject([{ inputTokens: 5, outputTokens: 4 }])
  await end(lease)
})

test('the budget of all repositories counts its own currency, and reserves the cost of earlier runs for a new one', async () => {
  const here = await repository('limits: { spendPerRun: 1 }', 4)
  const there = await repository('limits: { currency: EUR, spendPerRun: 100 }', 1)
  const spent = (await spentToday(opened.store.db, new Date())).filter(({ currency }) => currency === 'USD')
  const before = spent.reduce((sum, one) => sum + one.millionths, 0)
  const env = { MAX_SPEND_PER_DAY: String(before / 1e6 + 2.5) }
  await dispatch(env)
  expect(await atWork(here.repo)).toEqual([1, 2])
  // It uses another currency, in which the budget of all repositories has no money and no spending.
  expect(await atWork(there.repo)).toEqual([1])
  expect(await words(here.ids[2])).toMatch(
    /the budget of all repositories for a day \(`MAX_SPEND_PER_DAY`, .* has 0\.50 USD left and a run is expected to cost 1\.00 USD/,
  )
  const euros = await take(there.ids[0] ?? 0)
  await report(euros, cost(50, 'EUR'))
  await end(euros)
  for (const id of here.ids.slice(0, 2)) {
    const lease = await take(id)
    await report(lease, cost(0.2))
    await end(lease)
  }
  const past = (await recentUse(opened.store.db)).money.get('USD')
  expect(past?.filter(({ agent }) => agent === here.repo.settings?.agent).map(({ used }) => used)).toEqual([2e5, 2e5])
  await dispatch(env)
  expect(await atWork(here.repo)).toEqual([3, 4])
})

test('nothing is reserved for a run with unknown cost, and the report says so', async () => {
  const { repo, ids } = await repository('limits: { spendPerDay: 1 }', 3)
  await dispatch()
  expect(await atWork(repo)).toEqual([1, 2, 3])
  expect((await scheduleReportOf(opened.store.db, repo.id))?.unreserved).toEqual([repo.settings?.agent])
  const leases = [await take(ids[0] ?? 0), await take(ids[1] ?? 0)]
  for (const lease of leases) {
    await report(lease, cost(2))
    await end(lease)
  }
  await opened.store.db.execute(sql`update work_items set state = 'ready' where id = ${ids[0]}`)
  await dispatch()
  expect(await words(ids[0])).toContain(
    "a run is expected to cost 2.00 USD, more than the repository's budget for a whole day",
  )
  expect((await scheduleReportOf(opened.store.db, repo.id))?.unreserved).toEqual([])
})

test('tokens have a day of their own: what runs are expected to use is kept for them, and midnight brings more', async () => {
  itIs('2026-11-25T22:00:00Z')
  const { repo, ids } = await repository('limits: { tokensPerDay: 1000, tokensPerRun: 600 }', 2)
  await dispatch()
  expect(await atWork(repo)).toEqual([1])
  expect(await words(ids[1])).toContain(
    "the repository's budget for a day (`limits.tokensPerDay`, 1,000 tokens) has 400 tokens left and a run is expected to use 600 tokens; it is full again at midnight UTC",
  )
  const lease = await take(ids[0] ?? 0)
  await report(lease, { inputTokens: 300, outputTokens: 100, cachedTokens: 5_000 })
  await dispatch()
  expect(await atWork(repo)).toEqual([1])
  itIs('2026-11-26T00:10:00Z')
  await report(lease, { inputTokens: 350, outputTokens: 150 })
  expect(await spentToday(opened.store.db, new Date(), repo.id)).toMatchObject([{ tokens: 100 }])
  // 1000 - 100 are left, and 100 of them are kept for the first one still.
  await dispatch()
  expect((await atWork(repo)).toSorted()).toEqual([1, 2])
})

test('the operator limits the tokens of all repositories together', async () => {
  itIs('2026-11-27T10:00:00Z')
  const here = await repository('limits: { tokensPerRun: 600 }', 1)
  const there = await repository('limits: { tokensPerRun: 600 }', 1)
  await dispatch({ MAX_TOKENS_PER_DAY: '1000' })
  expect([...(await atWork(here.repo)), ...(await atWork(there.repo))]).toEqual([1])
  expect([await words(here.ids[0]), await words(there.ids[0])].join()).toContain('`MAX_TOKENS_PER_DAY`, 1,000 tokens')
})

test('runs of one size are expected to cost the same: a small item fits where a large one does not', async () => {
  const { store } = opened
  const { repo, ids } = await repository('limits: { spendPerDay: 100 }', 8)
  const effort = async (list: number[], size: string) => {
    for (const id of list) await store.db.execute(sql`update work_items set effort = ${size} where id = ${id}`)
  }
  await effort(ids.slice(0, 3), 'S')
  await effort(ids.slice(3, 6), 'XL')
  await effort(ids.slice(6, 7), 'XL')
  await effort(ids.slice(7, 8), 'S')
  await store.db.execute(sql`update work_items set state = 'paused' where id in (${ids[6]}, ${ids[7]})`)
  await dispatch()
  for (const [at, id] of ids.slice(0, 6).entries()) {
    const lease = await take(id)
    await report(lease, cost(at < 3 ? 1 : 20))
    await end(lease)
  }
  // 63 are spent: 37 are left, of which two large ones would take 40.
  await store.db.execute(
    sql`update repositories set settings = jsonb_set(settings, '{limits,spendPerDay}', '70') where id = ${repo.id}`,
  )
  await store.db.execute(sql`update work_items set state = 'ready' where id in (${ids[6]}, ${ids[7]})`)
  await dispatch()
  expect(await atWork(repo)).toEqual([8])
  expect(await words(ids[6])).toContain('has 6.00 USD left and a run is expected to cost 20.00 USD')
})

test('an item is held before a run that would pass its limit; its first run may always start, and a run that is killed keeps nothing', async () => {
  const { store } = opened
  const { repo, ids } = await repository('limits: { spendPerItem: 1, spendPerRun: 0.8 }', 2)
  const [first = 0, second = 0] = ids
  await dispatch()
  expect((await atWork(repo)).toSorted()).toEqual([1, 2])
  const lease = await take(first)
  await report(lease, cost(0.6))
  await end(lease)
  await store.db.execute(sql`update work_items set state = 'ready' where id = ${first}`)
  await dispatch()
  expect(await atWork(repo)).toEqual([2])
  expect(await getItem(store.db, first)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining(
      'the runs of this issue may cost 1.00 USD together (`limits.spendPerItem`); 0.40 USD of it is left and another one is expected to cost 0.60 USD',
    ) as string,
  })
  // A review of the second one that is at work already takes 0.6 of 1.
  await store.db.execute(sql`update runs set stage = 'ended' where work_item_id = ${second}`)
  const review = sql`insert into runs (work_item_id, attempt, agent, purpose)
    values (${second}, 1, ${repo.settings?.agent ?? ''}, 'review')`
  await store.db.execute(review)
  await store.db.execute(sql`update work_items set state = 'ready' where id = ${second}`)
  await dispatch()
  expect(await getItem(store.db, second)).toMatchObject({ state: 'held' })
  // Killed before it had reported anything: what was kept for it is gone with its row.
  await store.db.execute(sql`update runs set stage = 'ended' where work_item_id = ${second}`)
  await store.db.execute(sql`update work_items set state = 'ready' where id = ${second}`)
  await dispatch()
  expect(await atWork(repo)).toEqual([2])
})
