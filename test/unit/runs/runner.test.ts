/** Which process begins a run: the one with a free slot, and with the worktree of its item. */

import { eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { registerProcess } from '../../../src/db/processes.ts'
import { addRun, getRun } from '../../../src/db/runs.ts'
import { processes } from '../../../src/db/schema/processes.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { takeWorktree } from '../../../src/db/worktrees.ts'
import type { RunContext } from '../../../src/runs/context.ts'
import { Runner } from '../../../src/runs/runner.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())
beforeEach(() => places.store.db.delete(processes))

/** A runner at the place `here`, whose attempts last until they are asked to end. */
function runnerHere(slots?: number) {
  const context = {
    ...{ store: places.store, env: readEnv({}), log: pino({ level: 'silent' }), instance: 'me', place: 'here' },
    part: { role: 'runner', slots },
    several: async () => true,
    control: () => new Promise(() => {}),
  }
  return new Runner(context as unknown as RunContext)
}

async function waitingRun(): Promise<number> {
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const { id } = await here.go('running')
  const run = await places.store.transaction((tx) =>
    addRun(tx, id, { agent: 'scripted', feedback: '', cleanWorktree: false }),
  )
  return run.id
}

const ownerOf = async (runId: number) => (await getRun(places.store.db, runId))?.leaseOwner

test('no more runs than slots; one that another process has begun meanwhile is no concern', async () => {
  const { db } = places.store
  const [first, second] = [await waitingRun(), await waitingRun()]
  const runner = runnerHere(1)
  const both = await Promise.allSettled([runner.start(first), runner.start(second)])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const left = (await ownerOf(first)) === 'me' ? second : first
  await expect(runner.start(left)).rejects.toThrow('every slot is taken')
  await db.update(runs).set({ stage: 'agent', leaseOwner: 'another' }).where(eq(runs.id, left))
  await runner.start(left)
  expect(await ownerOf(left)).toBe('another')
})

test('a run waits for the process that has its worktree, while that one lives, and for some seconds', async () => {
  const { db } = places.store
  const runId = await waitingRun()
  const run = await getRun(db, runId)
  const tree = { workItemId: run?.workItemId ?? 0, path: '/data/a', branch: 'b', baseSha: '', runId: null }
  const row = await takeWorktree(db, undefined, { ...tree, place: 'there' })
  await registerProcess(db, { role: 'runner', place: 'there' })
  await expect(runnerHere().start(runId)).rejects.toThrow('its worktree is on another disk')
  await db.update(processes).set({ heartbeatAt: sql`now() - interval '1 hour'` })
  await runnerHere().start(runId)
  expect(await ownerOf(runId)).toBe('me')

  const again = { stage: 'waiting', leaseOwner: null } as const
  await db.update(processes).set({ heartbeatAt: sql`now()` })
  await db
    .update(runs)
    .set({ ...again, createdAt: sql`now() - interval '21 seconds'` })
    .where(eq(runs.id, runId))
  await runnerHere().start(runId)
  expect(await ownerOf(runId), 'it has waited for long enough').toBe('me')

  await db
    .update(runs)
    .set({ ...again, createdAt: sql`now()` })
    .where(eq(runs.id, runId))
  await takeWorktree(db, row, { ...tree, place: 'here' })
  await runnerHere().start(runId)
  expect(await ownerOf(runId)).toBe('me')
})
