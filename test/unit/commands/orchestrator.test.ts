/** The operations of the orchestrator: what each changes, and what it refuses. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getRepository } from '../../../src/db/repositories.ts'
import { addRun } from '../../../src/db/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

type Place = Awaited<ReturnType<typeof places.place>>

/** An item of the module `auth` that could start. */
async function readyItem(here: Place) {
  await here.say('/queue', { issue: { ...here.issue, labels: ['tutti', 'module:auth', 'priority:1'] } })
  return here.go('ready')
}

test('init goes on with what was shut down, and leaves a pause alone; both twice', async () => {
  const here = await places.place()
  expect((await here.give('init-orchestrator')).data).toMatchObject({ status: 'active', resumed: false })
  await here.give('pause-orchestrator')
  for (const _ of [1, 2])
    expect((await here.give('init-orchestrator')).data).toMatchObject({ status: 'paused', resumed: false })
  await here.give('shutdown-orchestrator')
  const first = await getRepository(places.store.db, here.repo.id)
  expect(first).toMatchObject({ state: 'paused', haltedBecause: 'Shut down by maintainer.' })
  await here.give('shutdown-orchestrator')
  expect(await getRepository(places.store.db, here.repo.id)).toEqual({ ...first, auditHash: expect.any(String) })
  expect((await here.give('get-orchestrator')).data).toMatchObject({ status: 'shutdown' })
  const again = await here.give('init-orchestrator', { systemPath: '/home/me/app' })
  expect(again.data).toMatchObject({ status: 'active', resumed: true, statusReason: '', shutDownAt: null })
  expect(again.text).toContain('the path was not needed')
})

test('/resume all ends a shutdown too', async () => {
  const here = await places.place()
  await here.give('shutdown-orchestrator')
  await here.say('/resume all')
  expect((await here.give('get-orchestrator')).data).toMatchObject({ status: 'active', shutDownAt: null })
})

test('a shutdown lets agents at work finish', async () => {
  const here = await places.place()
  await readyItem(here)
  await here.start()
  expect((await here.give('shutdown-orchestrator')).text).toBe(
    'Shut down: the agent at work finishes, and nothing new starts.',
  )
  expect((await here.item()).state).toBe('running')
})

test('spawn: the most urgent item of the module goes first; the reply has the agent that the scheduler starts', async () => {
  const here = await places.place()
  const { id } = await readyItem(here)
  await places.store.db
    .update(workItems)
    .set({ notBefore: new Date(Date.now() + 60_000) })
    .where(eq(workItems.id, id))
  const reply = await here.give('spawn-agent', { moduleId: 'auth', loopId: 'engineering-loop' })
  expect(reply).toMatchObject({ outcome: 'done', data: { status: 'waiting', issue: 12 } })
  expect(await here.item()).toMatchObject({ priority: 0, notBefore: null })
  expect(await reply.follow?.(places.store.db)).toMatchObject({ settled: false, data: { status: 'waiting' } })
  const run = await places.store.transaction((tx) =>
    addRun(tx, id, { agent: 'codex', feedback: '', cleanWorktree: false }),
  )
  const then = await reply.follow?.(places.store.db)
  expect(then).toMatchObject({
    text: 'codex has started on #12.',
    data: { status: 'started', agentId: String(run.id) },
  })
  expect((await here.give('get-agents-by-module', { moduleId: 'auth' })).data).toMatchObject({
    agents: [{ agentId: String(run.id), moduleId: 'auth' }],
  })
})

test('spawn refuses what cannot be: a paused repository, no loop of that name, nothing to do', async () => {
  const here = await places.place()
  await readyItem(here)
  expect(await here.give('spawn-agent', { moduleId: 'auth', loopId: 'enginering-loop' })).toMatchObject({
    outcome: 'refused',
    text: expect.stringContaining('did you mean `engineering-loop`?'),
  })
  expect(await here.give('spawn-agent', { moduleId: 'billing' })).toMatchObject({ problem: 'NoAvailableWork' })
  await here.start()
  expect((await here.give('spawn-agent', { moduleId: 'auth' })).text).toContain('Agents are at work on #12.')
  await here.give('pause-orchestrator')
  for (const [name, args] of [
    ['spawn-agent', { moduleId: 'auth' }],
    ['spawn-agents-auto', {}],
    ['run-autonomous-cycle', {}],
  ] as const)
    expect((await here.give(name, args)).text).toContain('the repository is paused')
})

test('spawn with a scope: the item of that title, else an issue with the labels of module and loop, once', async () => {
  const here = await places.place()
  await readyItem(here)
  expect((await here.give('spawn-agent', { moduleId: 'auth', scope: 'add a CLOCK.' })).data).toMatchObject({
    issue: 12,
  })
  for (const _ of [1, 2]) {
    const reply = await here.give('spawn-agent', { moduleId: 'auth', loopId: 'engineering-loop', scope: 'Log in' })
    expect(reply.data).toMatchObject({ status: 'issue-requested', agentId: null })
  }
})

test('a cycle says which agents its pass has started, and is an event', async () => {
  const here = await places.place()
  const { id } = await readyItem(here)
  const reply = await here.give('run-autonomous-cycle')
  expect(reply.data).toMatchObject({ agentsSpawned: 0, modulesTargeted: [], settled: false })
  await places.store.transaction((tx) => addRun(tx, id, { agent: 'codex', feedback: '', cleanWorktree: false }))
  const then = await reply.follow?.(places.store.db)
  expect(then?.data).toMatchObject({
    cycleId: reply.data?.cycleId,
    agentsSpawned: 1,
    modulesTargeted: ['auth'],
  })
  const { data } = await here.give('get-orchestration-events', { limit: 5 })
  expect(JSON.stringify(data)).toContain(`Cycle ${reply.data?.cycleId}`)
})

test('terminate pauses the item and keeps its work; an agent that has ended is not there', async () => {
  const here = await places.place()
  await readyItem(here)
  const run = await here.start()
  expect((await here.give('terminate-agent', { agentId: String(run.id) })).outcome).toBe('done')
  expect((await here.item()).state).toBe('paused')
  await here.end(run.id, 'stopped')
  expect(await here.give('terminate-agent', { agentId: String(run.id) })).toMatchObject({ problem: 'AgentNotFound' })
})

test('events come in pages both ways', async () => {
  const here = await places.place()
  await readyItem(here)
  const page = async (args: object) =>
    (await here.give('get-orchestration-events', args)).data as { events: { id: number }[]; next: number | null }
  const first = await page({ limit: 1 })
  const second = await page({ limit: 1, before: first.next })
  expect(second.events[0]?.id).toBeLessThan(first.events[0]?.id ?? 0)
  const all = await page({ limit: 500, after: 0 })
  expect(all.next).toBeNull()
  expect(all.events.map(({ id }) => id)).toEqual(all.events.map(({ id }) => id).toSorted((a, b) => a - b))
})
