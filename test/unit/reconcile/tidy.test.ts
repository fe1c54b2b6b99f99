/** What is removed from the data directory, and what stays. On a real store; git is played. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { registerProcess } from '../../../src/db/processes.ts'
import { processes } from '../../../src/db/schema/processes.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { keptWork, takeWorktree } from '../../../src/db/worktrees.ts'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { validBranch } from '../../../src/git/names.ts'
import { sha } from '../../../src/lib/ids.ts'
import { removeFinishedTrees } from '../../../src/pull-requests/clean-up.ts'
import { tidy } from '../../../src/reconcile/tidy.ts'
import { isLive, runOfFolder } from '../../../src/reconcile/tidy-files.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const dayMs = 24 * 3_600_000

async function stage(source: Record<string, string> = {}) {
  const { store } = places
  const root = mkdtempSync(join(tmpdir(), 'tutti-tidy-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  // Each test is a Tutti of its own.
  await store.db.delete(processes)
  const instance = await registerProcess(store.db)
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const run = await here.start()
  await store.db.update(runs).set({ leaseEpoch: 3 }).where(eq(runs.id, run.id))
  const make = (...path: string[]) => {
    mkdirSync(join(root, ...path), { recursive: true })
    return join(root, ...path)
  }
  const trees: { path: string; branch: string }[] = []
  const removed: { path: string; discard: boolean }[] = []
  const seen = { compacted: 0, dropped: [] as string[], clonesRemoved: 0, unused: undefined as Date | undefined }
  const rescues: { ref: string; at: Date }[] = []
  const control = {
    listWorktrees: async () => trees.map((tree) => ({ ...tree, branch: validBranch(tree.branch), state: 'ready' })),
    removeWorktree: async ({ path }: { path: string }, { discard = false } = {}) => {
      removed.push({ path, discard })
      return discard ? {} : { rescued: { ref: 'refs/tutti/rescue/x/1', sha: sha('a'.repeat(40)) } }
    },
    rescues: async () => rescues.map((one) => ({ ...one, sha: sha('a'.repeat(40)), branch: validBranch('x') })),
    dropRescue: async ({ ref }: { ref: string }) => void seen.dropped.push(ref),
    compact: async () => {
      seen.compacted++
      return true
    },
    dropSpares: async () => {},
    unusedSince: async () => seen.unused,
  } as unknown as BareClone
  const context = {
    store,
    env: { ...readEnv({ MIN_FREE_DISK_PERCENT: '0', ...source }), dataDirectory: root },
    log: pino({ level: 'silent' }),
    instance,
    place: 'here',
    control: async () => control,
    clones: {
      has: async (repo: { id: number }) => repo.id === here.repo.id,
      remove: async () => void seen.clonesRemoved++,
    },
  }
  return {
    ...{ store, root, here, run, make, trees, removed, rescues, seen },
    context,
    tidy: (now?: Date) => tidy(context, now),
  }
}

test.each<[string, boolean]>([
  ['run-5', true],
  ['run-5-3', true],
  ['run-5-2', false],
  ['run-6', false],
  ['something', true],
])('of the live run 5 with epoch 3, %s is needed: %s', (name, needed) => {
  expect(isLive(runOfFolder(`/data/checks/${name}`), new Map([[5, 3]]))).toBe(needed)
})

test('the home of a session that goes on stays as long as its item is open, for a week', async () => {
  const { run, make, here, tidy } = await stage()
  const home = make('homes', `run-${run.id}`)
  const ended = { stage: 'ended' as const, outcome: 'finished', sessionId: 's1', endedAt: new Date() }
  await places.store.db.update(runs).set(ended).where(eq(runs.id, run.id))
  await tidy()
  expect(existsSync(home)).toBe(true)
  await tidy(new Date(Date.now() + 8 * dayMs))
  expect(existsSync(home)).toBe(false)
  make('homes', `run-${run.id}`)
  await here.go('checking', 'done')
  await tidy()
  expect(existsSync(home)).toBe(false)
})

test('homes and checkouts of ended runs go; those of live ones and what is not ours stay', async () => {
  const { run, make, tidy } = await stage()
  const gone = [make('homes', 'run-999999'), make('checks', `run-${run.id}-2`), make('plans', 'run-999998')]
  const kept = [make('homes', `run-${run.id}`), make('checks', `run-${run.id}-3`), make('homes', 'mine')]
  expect((await tidy()).sort()).toEqual([...gone].sort())
  expect(kept.map((path) => existsSync(path))).toEqual([true, true, true])
})

test('logs go by age', async () => {
  const { root, make, run, tidy } = await stage({ KEEP_LOGS_DAYS: '14' })
  make('logs')
  const log = (name: string, days: number) => {
    const path = join(root, 'logs', name)
    writeFileSync(path, 'x')
    const then = new Date(Date.now() - days * dayMs)
    utimesSync(path, then, then)
    return path
  }
  const old = log('run-999999.log', 15)
  log('run-999998.log', 13)
  log(`run-${run.id}.log`, 15)
  expect(await tidy()).toEqual([old])
})

test('trees that no row knows are rescued and go, checkouts of ended runs just go, the others stay', async () => {
  const { store, root, here, run, trees, removed, tidy } = await stage()
  const known = join(root, 'worktrees', '1', 'known')
  const row = { workItemId: (await here.item()).id, branch: 'module/known', baseSha: '', runId: null }
  await takeWorktree(store.db, undefined, { ...row, path: known })
  trees.push(
    { path: known, branch: 'module/known' },
    { path: join(root, 'worktrees', 'acme__app', 'lost'), branch: 'module/lost' },
    { path: join(root, 'checks', 'run-999999-1'), branch: 'tutti-check/999999-1' },
    { path: join(root, 'checks', `run-${run.id}-3`), branch: `tutti-check/${run.id}-3` },
    { path: '/somewhere/else', branch: 'module/else' },
  )
  await tidy()
  expect(removed).toEqual([
    { path: trees[1]?.path, discard: false },
    { path: trees[2]?.path, discard: true },
  ])
})

test('rescued work goes by age; a clone is compacted, and goes when it is unused and holds nothing', async () => {
  const { here, run, rescues, seen, store, tidy } = await stage({ KEEP_RESCUED_DAYS: '90', KEEP_CLONES_DAYS: '30' })
  const at = (days: number) => new Date(Date.now() - days * dayMs)
  rescues.push({ ref: 'old', at: at(91) }, { ref: 'new', at: at(89) })
  seen.unused = at(31)
  await tidy()
  expect(seen).toMatchObject({ compacted: 1, dropped: ['old'], clonesRemoved: 0 })
  await store.db.update(runs).set({ stage: 'ended' }).where(eq(runs.id, run.id))
  await here.go('cancelled')
  await tidy()
  expect(seen).toMatchObject({ compacted: 1, clonesRemoved: 1 })
})

test('a finished item whose worktree is still there is cleaned up again, once its run has ended', async () => {
  const { store, root, here, run, tidy } = await stage()
  const { id } = await here.item()
  const row = { path: join(root, 'worktrees', 'x'), branch: 'b', baseSha: '', runId: run.id }
  await takeWorktree(store.db, undefined, { workItemId: id, ...row })
  await here.go('cancelled')
  const jobs = async () =>
    (await places.jobs('clean-up')).filter((job) => (job as { workItemId: number }).workItemId === id)
  const before = (await jobs()).length
  await tidy()
  expect(await jobs()).toHaveLength(before)
  await store.db.update(runs).set({ stage: 'ended' }).where(eq(runs.id, run.id))
  await tidy()
  expect((await jobs()).length).toBeGreaterThan(before)
  expect(await keptWork(store.db, id)).toEqual([])
})

test('of the worktrees of a finished item, those of this place are removed; those of another one are left to it', async () => {
  const { store, here, run, removed, context, tidy } = await stage()
  const { id } = await here.item()
  const row = { workItemId: id, branch: 'b', baseSha: '', runId: run.id }
  await takeWorktree(store.db, undefined, { ...row, path: '/data/one', place: 'here' })
  await takeWorktree(store.db, undefined, { ...row, path: '/data/two', place: 'there' })
  await here.go('cancelled')
  const gone = () => removed.filter(({ path }) => path.startsWith('/data/'))
  await removeFinishedTrees(context)
  expect(gone(), 'its run has not ended').toEqual([])
  await store.db.update(runs).set({ stage: 'ended' }).where(eq(runs.id, run.id))
  await removeFinishedTrees(context)
  await removeFinishedTrees(context)
  expect(gone()).toEqual([{ path: '/data/one', discard: false }])
  const before = (await places.jobs('clean-up')).length
  await tidy()
  expect(await places.jobs('clean-up')).toHaveLength(before)
})
