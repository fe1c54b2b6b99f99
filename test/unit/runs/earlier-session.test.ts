/** Which session an attempt goes on with, and when it begins again. On a real store; homes are folders. */

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { agentKindSchema } from '../../../src/agents/agent.ts'
import { addRun, claimRun, getRun, type RunRow } from '../../../src/db/runs.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { saveUsage } from '../../../src/db/usage.ts'
import type { Attempt } from '../../../src/runs/context.ts'
import { leaveHome, sessionBefore } from '../../../src/runs/earlier-session.ts'
import { takeOverRuns } from '../../../src/runs/take-over.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const kind = agentKindSchema.parse({
  ...{ id: 'scripted', title: 'Scripted', protocol: 'acp', start: () => undefined, env: [], install: 'none' },
})
const sameTree = { outcome: 'reused' as const }

/** An item whose first attempt has ended with a session and a kept home, and the attempt that follows. */
async function stage(first: Partial<RunRow> = {}, next: Partial<RunRow> = {}) {
  const { store } = places
  const { db } = store
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tutti-sessions-'))
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  const before = await here.start()
  const kept = { stage: 'ended' as const, outcome: 'gates failed', sessionId: 's1', endedAt: new Date(), ...first }
  await db.update(runs).set(kept).where(eq(runs.id, before.id))
  await saveUsage(db, before, { inputTokens: 70, cost: { millionths: 500, currency: 'USD' } }, new Date())
  const home = join(dataDirectory, 'homes', `run-${before.id}`)
  mkdirSync(home, { recursive: true })
  const facts = { agent: 'scripted', feedback: '', cleanWorktree: false, ...next }
  const added = await store.transaction((tx) => addRun(tx, before.workItemId, facts))
  const claimed = await claimRun(db, added.id, 'me', 'waiting')
  if (!claimed) throw new Error('not claimed')
  const context = { store, env: { dataDirectory }, log: pino({ level: 'silent' }) }
  const attempt = { ...claimed, context, item: await here.item() } as unknown as Attempt
  return { attempt, home, before, row: async (id: number) => getRun(db, id) }
}

test('the attempt after goes on with it, in its home, and knows what it has used', async () => {
  const { attempt, before } = await stage()
  expect(await sessionBefore(attempt, kind, sameTree)).toEqual({
    id: 's1',
    used: { inputTokens: 70, outputTokens: 0, cachedTokens: 0, cost: { millionths: 500, currency: 'USD' } },
  })
  expect(attempt.run.homeRunId).toBe(before.id)
})

test.each<[string, Partial<RunRow>, Partial<RunRow>, object?]>([
  ['another kind', { agent: 'codex' }, {}],
  ['a clean worktree', {}, { cleanWorktree: true }],
  ['a tree that was made', {}, {}, { outcome: 'created' }],
  ['a tree whose work was moved out of the way', {}, {}, { outcome: 'reused', rescued: { ref: 'x', sha: 'y' } }],
  ['a request that the provider rejected', { outcome: 'request rejected' }, {}],
  ['a crash', { outcome: 'crashed' }, {}],
])('it is given up for %s', async (_, first, next, tree = sameTree) => {
  const { attempt, before, row } = await stage(first, next)
  expect(await sessionBefore(attempt, kind, tree as typeof sameTree)).toBeUndefined()
  expect((await row(before.id))?.sessionId).toBe('')
  expect(attempt.run.homeRunId).toBeNull()
})

test('it is given up where its home is gone, such as on another machine', async () => {
  const { attempt, home } = await stage()
  rmSync(home, { recursive: true })
  expect(await sessionBefore(attempt, kind, sameTree)).toBeUndefined()
})

test('it is given up where the attempt in it is lost with its process: its home still holds the login', async () => {
  const { attempt, before, row } = await stage()
  await sessionBefore(attempt, kind, sameTree)
  await places.store.transaction((tx) => takeOverRuns(tx, [attempt.run.id]))
  expect((await row(before.id))?.sessionId).toBe('')
})

test('a home is kept for a session that lasts, of an attempt to build, under its lease; else it is removed', async () => {
  const { attempt, home, row } = await stage()
  await leaveHome(attempt, { kind, home, sessionId: 's2' })
  expect(existsSync(home)).toBe(true)
  expect((await row(attempt.run.id))?.sessionId).toBe('s2')
  const planning = { ...attempt, run: { ...attempt.run, purpose: 'plan' as const } }
  const stale = { ...attempt, lease: { ...attempt.lease, epoch: 0 } }
  const cases = [
    { one: attempt, sessionId: undefined },
    { one: planning, sessionId: 's2' },
    { one: stale, sessionId: 's2' },
  ]
  for (const { one, sessionId } of cases) {
    mkdirSync(home, { recursive: true })
    await leaveHome(one, { kind, home, sessionId })
    expect(existsSync(home)).toBe(false)
  }
})
