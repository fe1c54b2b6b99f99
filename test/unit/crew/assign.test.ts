/** Which member of the crew gets a run, on a real database. */

import { eq, inArray, ne } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { assignMember, orchestratorOf } from '../../../src/crew/assign.ts'
import { crewOf } from '../../../src/db/crew-members.ts'
import { lastDecision } from '../../../src/db/decisions.ts'
import { setFootprint } from '../../../src/db/footprints.ts'
import { getRepository, type RepositoryRow } from '../../../src/db/repositories.ts'
import { addRun, type RunRow } from '../../../src/db/runs.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import { addWorkItem, getItem } from '../../../src/db/work-items.ts'
import { Scheduler } from '../../../src/scheduling/scheduler.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

let issues = 100
/** A repository, with a way to start runs of its items as the scheduler does. */
async function crew() {
  const { store } = places
  const { repo } = await places.place()
  const item = async (labels: string[] = []) => {
    const number = issues++
    const facts = { title: 't', body: '', url: '', state: 'ready' as const, requestedBy: 'm', requestedById: 1 }
    const place = { module: `i-${number}`, branch: `m/${number}`, baseBranch: 'main', issueNumber: number }
    const row = await store.transaction((tx) =>
      addWorkItem(tx, { ...facts, ...place, repositoryId: repo.id, labels }, 'm'),
    )
    if (!row) throw new Error('no item')
    return row
  }
  const start = async (itemId: number, { fresh = false, agent = 'scripted' } = {}): Promise<RunRow> =>
    store.transaction(async (tx) => {
      const row = await getItem(tx.db, itemId)
      if (!row) throw new Error('no item')
      const stored = (await getRepository(tx.db, repo.id)) as RepositoryRow
      const member = await assignMember(tx, stored, row, { role: 'builder', agent, fresh })
      return addRun(tx, itemId, { agent, feedback: '', cleanWorktree: fresh, ...member })
    })
  const end = (run: RunRow, outcome = 'finished') =>
    store.db.update(runs).set({ stage: 'ended', outcome }).where(eq(runs.id, run.id))
  return { repo, item, start, end }
}

test('two runs at once have two members; a free one is taken before another joins', async () => {
  const { item, start, end } = await crew()
  const [one, two, three] = [await item(), await item(), await item()]
  const first = await start(one.id)
  const second = await start(two.id)
  expect([first.memberName, second.memberName]).toEqual(['Aria', 'Atlas'])
  expect(first.memberWhy).toContain('has joined the crew')
  await end(first)
  expect((await start(three.id)).memberName).toBe('Aria')
})

test('at the same moment, two transactions never give one member two runs', async () => {
  const { item, start, end } = await crew()
  await end(await start((await item()).id))
  const items = await Promise.all([item(), item(), item(), item()])
  const started = await Promise.all(items.map(({ id }) => start(id)))
  expect(new Set(started.map(({ memberId }) => memberId)).size).toBe(4)
})

test('a member that has finished issues of the module is preferred, and the reason names them', async () => {
  const { item, start, end } = await crew()
  const [auth, other] = [await item(['module:auth']), await item()]
  const [first, second] = [await start(other.id), await start(auth.id)]
  await end(first)
  await end(second)
  const next = await start((await item(['module:auth'])).id)
  expect(next.memberName).toBe(second.memberName)
  expect(next.memberWhy).toBe(`Atlas takes it: it has finished related work here (#${auth.issueNumber}).`)
})

test('a file that both touch counts as related work', async () => {
  const { item, start, end } = await crew()
  const [one, two] = [await item(), await item()]
  const [first, second] = [await start(one.id), await start(two.id)]
  await places.store.transaction((tx) => setFootprint(tx, two.id, 'observed', ['src/a.ts']))
  await end(first)
  await end(second)
  const next = await item()
  await places.store.transaction((tx) => setFootprint(tx, next.id, 'plan', ['src/a.ts']))
  expect((await start(next.id)).memberName).toBe(second.memberName)
})

test('the same member goes on with an item, and a fresh attempt is made by another one', async () => {
  const { item, start, end } = await crew()
  const { id } = await item()
  const first = await start(id)
  await end(first, 'gates failed')
  const second = await start(id)
  expect(second.memberName).toBe(first.memberName)
  await end(second, 'gates failed')
  const third = await start(id, { fresh: true })
  expect(third.memberName).not.toBe(first.memberName)
})

test('kinds of agent and repositories have crews of their own; the orchestrator has one name for good', async () => {
  const here = await crew()
  const [one, two] = [await here.item(), await here.item()]
  await here.end(await here.start(one.id))
  expect((await here.start(two.id, { agent: 'codex' })).memberName).toBe('Atlas')
  const name = await places.store.transaction((tx) => orchestratorOf(tx, here.repo.id))
  const again = await places.store.transaction((tx) => orchestratorOf(tx, here.repo.id))
  expect([name.name, again.id]).toEqual(['Conductor', name.id])
  expect((await crewOf(places.store.db, here.repo.id)).map(({ role, agent }) => `${role} ${agent}`)).toEqual([
    'builder scripted',
    'builder codex',
    'orchestrator ',
  ])
})

test('an item that was given to a member gets it; the scheduler starts no other one with it meanwhile', async () => {
  const { store } = places
  const { repo, item, start, end } = await crew()
  const [one, two, three] = [await item(), await item(), await item()]
  const first = await start(one.id)
  await end(first)
  await store.db.update(workItems).set({ memberId: first.memberId }).where(eq(workItems.id, two.id))
  expect((await start(three.id)).memberName).toBe('Atlas')
  const given = await start(two.id)
  expect([given.memberName, given.memberWhy]).toEqual([
    first.memberName,
    `${first.memberName} takes it: a person has asked for it with \`/reassign\`.`,
  ])

  const four = await item()
  await store.db.update(workItems).set({ memberId: given.memberId }).where(eq(workItems.id, four.id))
  await store.db.update(repositories).set({ state: 'gone' }).where(ne(repositories.id, repo.id))
  await store.db
    .update(workItems)
    .set({ state: 'running' })
    .where(inArray(workItems.id, [two.id, three.id]))
  await store.db.update(workItems).set({ state: 'done' }).where(eq(workItems.id, one.id))
  const env = readEnv({ MAX_AGENTS: '99', AGENT: 'scripted' })
  const scheduler = new Scheduler({ store, env, log: pino({ level: 'silent' }), freeMemory: () => 2 ** 34 })
  await scheduler.dispatch()
  expect((await lastDecision(store.db, four.id))?.explanation).toBe(
    `#${four.issueNumber} waits: the agent that it was given to with \`/reassign\` is at work on #${two.issueNumber}.`,
  )
  await end(given)
  await store.db.update(workItems).set({ state: 'reviewing' }).where(eq(workItems.id, two.id))
  await scheduler.dispatch()
  const [last] = await store.db.select().from(runs).where(eq(runs.workItemId, four.id))
  expect(last?.memberName).toBe(first.memberName)
  await scheduler.close()
})
