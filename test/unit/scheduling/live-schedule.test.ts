/** A process that keeps the backlog between passes decides as one that reads the whole backlog. */

import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { defaultSettings } from '../../../src/config/settings.ts'
import type { Store, Tx } from '../../../src/db/connect.ts'
import { setBlockerState } from '../../../src/db/dependencies.ts'
import { lockAndReadDirtyItems } from '../../../src/db/dirty-items.ts'
import { addObservedPaths } from '../../../src/db/footprints.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { dirtyItems } from '../../../src/db/schema/schedule.ts'
import { dependencies, type RoadmapMode, workItems } from '../../../src/db/schema/work-items.ts'
import { choose } from '../../../src/scheduler/choose.ts'
import { type Random, randomInt, seeded } from '../../../src/scheduler/optimiser/random.ts'
import { loadBacklog } from '../../../src/scheduling/backlog-snapshot.ts'
import { History } from '../../../src/scheduling/history.ts'
import { type LiveSchedule, refreshSchedule } from '../../../src/scheduling/live-schedule.ts'
import { type PassContext, snapshotOf } from '../../../src/scheduling/to-snapshot.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
let store: Store
beforeAll(async () => {
  opened = await openTestStore()
  store = opened.store
  for (const [githubId, fullName] of [
    [1, 'acme/App'],
    [2, 'acme/lib'],
  ] as const) {
    const facts = { githubId, fullName, installationId: 1, private: true, cloneUrl: '', defaultBranch: 'main' }
    await saveRepository(store.db, facts)
  }
})
afterAll(() => opened.close())

const env = readEnv({ MAX_AGENTS: '3', AGENT: 'scripted' })
const start = Date.parse('2026-01-01T00:00:00Z')
/** Advances with every step, so that delayed items become due. */
let clock = start
const history = new History()
const passContext = (): PassContext => ({
  env,
  history,
  freeMemory: 2 ** 34,
  plan: undefined,
  // Now and then the only runner without labels is gone.
  runners: clock % 3 === 0 ? [['gpu']] : [[], ['gpu']],
  now: new Date(clock),
})

/** A full pass of a process. @returns its decisions, and whether it read the whole backlog. */
async function pass(tx: Tx, kept: { live: LiveSchedule | undefined }) {
  const before = kept.live
  const { live, changed, passContext: now } = await refreshSchedule(tx, before, history, async () => passContext())
  live.update(changed, now, true)
  kept.live = live
  return { decisions: live.schedule.decisions(), reloaded: live !== before, changed }
}

const states = ['ready', 'ready', 'ready', 'planning', 'running', 'reviewing', 'held', 'done', 'skipped', 'cancelled']
const names = { requestedBy: 'm', requestedById: 1, baseBranch: 'main' }
const paces: (RoadmapMode | undefined)[] = [
  undefined,
  { mode: 'one' },
  { mode: 'parallel', max: 1 },
  { mode: 'sequential' },
  { mode: 'batch' },
]

/** A random change of the backlog, written as rows only, as the use cases write it. */
async function changeBacklog(tx: Tx, random: Random): Promise<void> {
  const one = <T>(of: readonly T[]): T => of[randomInt(random, of.length)] as T
  const db = tx.db
  const rows = await db.select({ id: workItems.id, kind: workItems.kind }).from(workItems)
  const any = rows.length > 0 ? one(rows) : undefined
  const sources = ['native', 'body', 'sub-issue', 'roadmap', 'plan'] as const
  const edge = () => ({
    dependentId: any?.id ?? 0,
    repository: one(['acme/app', 'acme/lib', 'else/where']),
    issueNumber: 1 + randomInt(random, 40),
    source: one(sources),
    position: randomInt(random, 5),
    blocker: one(['open', 'open', 'closed', 'missing'] as const),
  })
  const set = (values: Partial<typeof workItems.$inferInsert>) =>
    db
      .update(workItems)
      .set(values)
      .where(eq(workItems.id, any?.id ?? 0))
  const events: (() => Promise<unknown>)[] = [
    async () => {
      const kind = one(['task', 'task', 'task', 'epic'] as const)
      const issueNumber = 1 + randomInt(random, 40)
      const epic = kind === 'epic' ? { notes: [], read: true, texts: {}, pace: one(paces) } : null
      const at = { module: `m${issueNumber}`, branch: `b${issueNumber}` }
      const labels = one([[], ['module:auth'], ['priority:1']])
      const row = { ...names, ...at, title: 'x', repositoryId: one([1, 2]), issueNumber, labels, kind, epic }
      await db
        .insert(workItems)
        .values({ ...row, state: 'ready', priority: randomInt(random, 4) })
        .onConflictDoNothing()
    },
    () => set({ state: one(states) as 'ready' }),
    () => set({ priority: randomInt(random, 4), effort: one(['S', 'M', 'XL', null]) }),
    () => set({ notBefore: new Date(clock + randomInt(random, 20) * 1_000), state: 'ready' }),
    async () => any && (await db.insert(dependencies).values(edge()).onConflictDoNothing()),
    async () => any && (await db.insert(dependencies).values(edge()).onConflictDoNothing()),
    async () => {
      const epics = rows.filter(({ kind }) => kind === 'epic')
      const epic = { notes: [], read: true, texts: {}, pace: one(paces) }
      if (epics.length === 0) return
      const { id } = one(epics)
      await db.update(workItems).set({ epic, state: 'ready' }).where(eq(workItems.id, id))
      const tasks = await db
        .select()
        .from(workItems)
        .where(and(eq(workItems.kind, 'task'), eq(workItems.state, 'ready')))
      const part = { dependentId: id, source: 'sub-issue' as const, blocker: 'open' as const }
      const parts = tasks.map(({ repositoryId, issueNumber }) => ({
        ...part,
        repository: repositoryId === 1 ? 'acme/app' : 'acme/lib',
        issueNumber,
      }))
      if (parts.length > 0) await db.insert(dependencies).values(parts).onConflictDoNothing()
    },
    () =>
      setBlockerState(tx, one(['acme/app', 'acme/lib']), 1 + randomInt(random, 40), one(['open', 'closed', 'missing'])),
    async () => {
      const edges = await db.select({ id: dependencies.id }).from(dependencies)
      if (edges.length > 0) await db.delete(dependencies).where(eq(dependencies.id, one(edges).id))
    },
    async () => any && (await addObservedPaths(db, any.id, [one(['src/a.ts', 'src/b.ts', 'docs/'])])),
    async () => {
      const live = and(eq(runs.workItemId, any?.id ?? 0), eq(runs.stage, 'agent'))
      if (any?.kind !== 'task' || (await db.$count(runs, live)) > 0) return
      const attempt = await db.$count(runs, eq(runs.workItemId, any.id))
      const run = { workItemId: any.id, agent: 'scripted', attempt: attempt + 1, startedAt: new Date(clock) }
      await db.insert(runs).values({ ...run, stage: 'agent' })
      await set({ state: 'running' })
    },
    () =>
      db
        .update(runs)
        .set({ stage: 'ended' })
        .where(and(eq(runs.stage, 'agent'), sql`${runs.id} % 2 = ${randomInt(random, 2)}`)),
    () =>
      db
        .update(repositories)
        .set({ state: one(['active', 'active', 'paused']) })
        .where(eq(repositories.id, 2)),
    async () => {
      if (randomInt(random, 8) > 0) return
      const { schedule, ...rest } = defaultSettings()
      const settings = { ...rest, schedule: { ...schedule, cancelled: one(['release', 'hold'] as const) } }
      await db
        .update(repositories)
        .set({ settings })
        .where(eq(repositories.id, one([1, 2])))
    },
  ]
  await one(events)()
}

describe('two processes with alternating passes', () => {
  test.each([1, 2, 3])('decide as a new process would (%i)', async (seed) => {
    await store.db.execute(sql`truncate work_items, dirty_items cascade`)
    const random = seeded(seed)
    const processes: { live: LiveSchedule | undefined }[] = [{ live: undefined }, { live: undefined }]
    let kept = 0
    for (let step = 0; step < 40; step++) {
      await store.transaction(async (tx) => {
        for (let event = randomInt(random, 5); event >= 0; event--) await changeBacklog(tx, random)
      })
      clock += 3_000
      const process = processes[randomInt(random, 4) === 0 ? 1 : 0]
      if (!process) continue
      const { decisions, reloaded, expected } = await store.transaction(async (tx) => {
        const seen = await pass(tx, process)
        return { ...seen, expected: choose(snapshotOf(await loadBacklog(tx), passContext())) }
      })
      expect(decisions, `step ${step}`).toEqual(expected)
      if (!reloaded) kept++
    }
    // Otherwise the test would only compare full reads with full reads.
    expect(kept).toBeGreaterThan(15)
  })
})

test('each process reads a change once; a process that missed too many passes reads the whole backlog', async () => {
  const [first, second] = [{ live: undefined }, { live: undefined }]
  const turns = (kept: { live: LiveSchedule | undefined }) => store.transaction((tx) => pass(tx, kept))
  await turns(first)
  await turns(second)
  expect((await turns(first)).changed).toEqual(new Set())
  const [item] = await store.db
    .insert(workItems)
    .values({ ...names, repositoryId: 1, issueNumber: 900, title: 'x', state: 'ready', module: 'm900', branch: 'b900' })
    .returning()
  expect((await turns(first)).changed).toEqual(new Set([item?.id]))
  expect((await turns(second)).changed).toEqual(new Set([item?.id]))
  expect((await turns(first)).changed).toEqual(new Set())
  await store.db.execute(sql`update locks set turns = turns + 1000 where name = 'schedule'`)
  expect((await turns(first)).reloaded).toBe(true)
  // The database was restored from a copy that is older than the last pass of the process.
  await store.db.execute(sql`update locks set turns = 1 where name = 'schedule'`)
  expect((await turns(first)).reloaded).toBe(true)
})

test('the next pass reads the changes of a pass that was rolled back', async () => {
  const kept: { live: LiveSchedule | undefined } = { live: undefined }
  await store.transaction((tx) => pass(tx, kept))
  await store.db.update(workItems).set({ priority: 0 }).where(eq(workItems.issueNumber, 900))
  await expect(
    store.transaction(async (tx) => {
      await lockAndReadDirtyItems(tx, kept.live?.pass)
      throw new Error('undone')
    }),
  ).rejects.toThrow('undone')
  expect((await store.transaction((tx) => pass(tx, kept))).changed?.size).toBe(1)
  expect(await store.db.$count(dirtyItems, sql`${dirtyItems.pass} is null`)).toBe(0)
})

test.skipIf(!process.env.TEST_DATABASE_URL)(
  'a pass finds what was committed after a concurrent pass (not on PGlite, which has one connection)',
  async () => {
    const kept: { live: LiveSchedule | undefined } = { live: undefined }
    await store.transaction((tx) => pass(tx, kept))
    const [written, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = store.transaction(async (tx) => {
      await tx.db.update(workItems).set({ priority: 3 }).where(eq(workItems.issueNumber, 900))
      written.resolve()
      await goOn.promise
    })
    await written.promise
    // Written later and committed earlier.
    const item = { ...names, repositoryId: 1, issueNumber: 901, title: 'x', module: 'm901', branch: 'b901' }
    await store.db.insert(workItems).values({ ...item, state: 'ready' })
    expect((await store.transaction((tx) => pass(tx, kept))).changed?.size).toBe(1)
    goOn.resolve()
    await slow
    const found = await store.transaction((tx) => pass(tx, kept))
    expect(found.changed?.size).toBe(1)
    expect(kept.live?.backlog.items.get([...(found.changed ?? [])][0] ?? 0)?.priority).toBe(3)
  },
)
