/** Several passes over the same backlog: caps hold, and an unchanged decision is neither stored nor shown again. */

import { inArray, ne, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { lastDecision } from '../../../src/db/decisions.ts'
import { setBlockerState } from '../../../src/db/dependencies.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { claimRun, endRun, liveRuns } from '../../../src/db/runs.ts'
import { scheduleReportOf } from '../../../src/db/schedule-reports.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { decisions } from '../../../src/db/schema/schedule.ts'
import { dependencies, workItems } from '../../../src/db/schema/work-items.ts'
import { addWorkItem, type ItemRow } from '../../../src/db/work-items.ts'
import { Scheduler } from '../../../src/scheduling/scheduler.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const log = pino({ level: 'silent' })
const scheduler = (env: Record<string, string> = {}, freeMemory = 2 ** 34) =>
  new Scheduler({
    store: opened.store,
    env: readEnv({ MAX_AGENTS: '2', AGENT: 'scripted', ...env }),
    log,
    freeMemory: () => freeMemory,
  })

const rowsOf = async () => (await opened.store.db.select().from(decisions)).length
const effectRevisions = async () =>
  (await opened.store.db.select().from(effects)).reduce((sum, row) => sum + row.revision, 0)
const runningIssues = async () => (await liveRuns(opened.store.db)).map(({ item }) => item.issueNumber).sort()

test('a new process keeps the caps; a start changes no decision about the items that wait for a free agent', async () => {
  const { store } = opened
  const facts = {
    githubId: 1,
    installationId: 1,
    fullName: 'acme/app',
    private: true,
    cloneUrl: '',
    defaultBranch: 'main',
  }
  const repo = await saveRepository(store.db, facts)
  const items: ItemRow[] = []
  for (let number = 1; number <= 8; number++) {
    const names = { module: `issue-${number}`, branch: `module/issue-${number}`, baseBranch: 'main' }
    const wanted = {
      repositoryId: repo.id,
      issueNumber: number,
      title: 'x',
      state: 'ready' as const,
      requestedBy: 'm',
      requestedById: 1,
    }
    const item = await store.transaction((tx) => addWorkItem(tx, { ...wanted, ...names }, 'm'))
    if (item) items.push(item)
  }
  const [first, , , , , , , last] = items
  if (!first || !last) throw new Error('the items were not stored')
  const edge = {
    dependentId: last.id,
    repository: 'acme/app',
    issueNumber: 1,
    source: 'body' as const,
    blocker: 'open' as const,
  }
  await store.db.insert(dependencies).values(edge)

  await scheduler({}, 2 ** 28).dispatch()
  expect(await runningIssues()).toEqual([])
  expect((await lastDecision(store.db, first.id))?.explanation).toContain(
    'an agent needs 1 GiB of memory and 0 MiB are free',
  )
  await scheduler().dispatch()
  expect(await runningIssues()).toEqual([1, 2])
  // The decision about #8 now says that #1 runs. Then another process makes a pass, or this one after a crash.
  await scheduler().dispatch()
  const [stored, wanted] = [await rowsOf(), await effectRevisions()]
  await scheduler().dispatch()
  expect(await runningIssues()).toEqual([1, 2])
  expect([await rowsOf(), await effectRevisions()]).toEqual([stored, wanted])

  // Several passes of one process do the same, with the backlog that it keeps.
  const kept = scheduler()
  for (let pass = 0; pass < 3; pass++) await kept.dispatch()
  expect(await runningIssues()).toEqual([1, 2])
  expect([await rowsOf(), await effectRevisions()]).toEqual([stored, wanted])

  const run = (await liveRuns(store.db)).find(({ item }) => item.issueNumber === 2)?.run
  const claimed = run && (await claimRun(store.db, run.id, 'me', 'waiting'))
  if (!claimed) throw new Error('the run was not claimed')
  await store.transaction((tx) => endRun(tx, claimed.lease, { outcome: 'finished' }))
  await kept.dispatch()
  expect(await runningIssues()).toEqual([1, 3])
  // Only the start of #3 is new: the others wait for a free agent as before.
  expect(await rowsOf()).toBe(stored + 1)
  expect((await lastDecision(store.db, last.id))?.explanation).toBe(
    '#8 waits: it depends on #1, which is being worked on (from a line in the issue).',
  )

  const report = await scheduleReportOf(store.db, repo.id)
  expect(report).toMatchObject({ mode: 'parallel-async', modeIsSet: false, more: 0, blocked: 1, conflicts: [] })
  expect(report?.next.map(({ issue }) => issue)).toEqual([4, 5, 6, 7])
})

test('in a large backlog a pass starts items and decides about changed ones; a later full pass does the rest', async () => {
  const { store } = opened
  const facts = { installationId: 1, private: true, cloneUrl: '', defaultBranch: 'main' }
  const repo = await saveRepository(store.db, { ...facts, githubId: 2, fullName: 'acme/large' })
  await store.db.update(repositories).set({ state: 'gone' }).where(ne(repositories.id, repo.id))
  await store.db.update(runs).set({ stage: 'ended' })
  const rows = Array.from({ length: 250 }, (_, at) => ({
    repositoryId: repo.id,
    issueNumber: at + 1,
    title: 'x',
    state: 'ready' as const,
    // The first item, because the last one waits for it; then the second.
    priority: at === 1 ? 0 : 3,
    effort: at === 0 ? ('S' as const) : ('XL' as const),
    module: `m${at}`,
    branch: `b${at}`,
    baseBranch: 'main',
    requestedBy: 'm',
    requestedById: 1,
  }))
  const items = await store.db.insert(workItems).values(rows).returning()
  const [first, second, last] = [items[0], items[1], items.at(-1)]
  if (!first || !second || !last) throw new Error('the items were not stored')
  const edge = { dependentId: last.id, repository: 'acme/large', issueNumber: 1, source: 'body' as const }
  await store.db.insert(dependencies).values({ ...edge, blocker: 'open' })

  const kept = scheduler({ MAX_AGENTS: '1' })
  await kept.dispatch()
  const working = async () => (await liveRuns(store.db)).map(({ item }) => item.issueNumber)
  const [before] = await working()
  expect([1, 2]).toContain(before)
  await store.transaction(async (tx) => {
    await tx.db.update(runs).set({ stage: 'ended' })
    await tx.db
      .update(workItems)
      .set({ state: 'done' })
      .where(inArray(workItems.id, [first.id, second.id]))
    await setBlockerState(tx, 'acme/large', 1, 'closed')
  })
  await kept.dispatch()
  const [now] = await working()
  expect(now).toBeGreaterThan(2)
  // The dependent of the first one waits for a free agent now. The next items of all repositories follow in a full
  // pass.
  expect((await lastDecision(store.db, last.id))?.explanation).toContain('1 of 1 busy')
  const isNext = async () => (await scheduleReportOf(store.db, repo.id))?.next.some(({ issue }) => issue === now)
  expect(await isNext()).toBe(true)
  const later = sql`select 1 from pgboss.job where name = 'schedule' and state = 'created' and start_after > now()`
  expect((await store.db.execute(later)) as { rows: unknown[] }).toMatchObject({ rows: [{}] })
  const hourOn = performance.now() + 3_600_000
  vi.spyOn(performance, 'now').mockReturnValue(hourOn)
  await kept.dispatch()
  vi.restoreAllMocks()
  expect(await isNext()).toBe(false)
})
