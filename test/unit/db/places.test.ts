import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { findCommitPack, saveCommitPack } from '../../../src/db/commit-packs.ts'
import { agentCapacity, capacityOf, isOtherPlaceAlive, placesWithAgents } from '../../../src/db/places.ts'
import { registerProcess } from '../../../src/db/processes.ts'
import { pruneBatch } from '../../../src/db/prune.ts'
import { commitPacks, processes } from '../../../src/db/schema/processes.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())
beforeEach(() => places.store.db.delete(processes))

const lease = 30_000

test('a process alone knows no other place; a second one in the same directory is none', async () => {
  const { db } = places.store
  await registerProcess(db, { role: 'all', place: 'a' })
  await registerProcess(db, { role: 'all', place: 'a' })
  await registerProcess(db)
  expect(await isOtherPlaceAlive(db, 'a', lease)).toBe(false)
  await registerProcess(db, { role: 'runner', place: 'b' })
  expect(await isOtherPlaceAlive(db, 'a', lease)).toBe(true)
  await db.update(processes).set({ heartbeatAt: sql`now() - interval '31 seconds'` })
  expect(await isOtherPlaceAlive(db, 'a', lease)).toBe(false)
})

test('agents are where a process has them', async () => {
  const { db } = places.store
  await registerProcess(db, { role: 'web', place: 'web' })
  expect(await agentCapacity(db, lease, undefined)).toEqual({ slots: 0, freeMemory: 0, labels: [] })
  await registerProcess(db, { role: 'runner', place: 'one', slots: 2 })
  await registerProcess(db, { role: 'runner', place: 'two', slots: 3, labels: ['gpu'] })
  expect(await placesWithAgents(db, lease)).toEqual(new Set(['one', 'two']))
  expect(await agentCapacity(db, lease, 7)).toEqual({ slots: 5, freeMemory: 7, labels: [[], ['gpu']] })
})

test('memory counts once for each machine, and one process without slots lifts the limit', () => {
  const offers = [
    { host: 'a', slots: 2, freeMemory: 100 },
    { host: 'a', slots: 2, freeMemory: 90 },
    { host: 'b', slots: 1, freeMemory: 50 },
  ]
  expect(capacityOf(offers, undefined)).toMatchObject({ slots: 5, freeMemory: 150 })
  expect(capacityOf(offers, { host: 'b', freeMemory: 10 })).toMatchObject({ slots: 5, freeMemory: 110 })
  expect(capacityOf([...offers, { host: 'c', slots: null, freeMemory: null }], undefined).slots).toBeUndefined()
})

test('a commit for other places stays until its item is over', async () => {
  const { db } = places.store
  const here = await places.place()
  await here.say('/queue')
  await here.go('ready')
  await here.start()
  const [of, kept] = [here.repo.id, 'a'.repeat(40)]
  await db.update(runs).set({ headSha: kept })
  await saveCommitPack(db, of, kept, Buffer.from([0, 255, 10]))
  await saveCommitPack(db, of, kept, Buffer.from('again'))
  await saveCommitPack(db, of, 'b'.repeat(40), Buffer.from('of no run'))
  expect(await findCommitPack(db, of, kept)).toEqual(Buffer.from([0, 255, 10]))
  expect(await pruneBatch(db, 'commitPacks', 1, 10)).toBe(0)
  await db.update(commitPacks).set({ createdAt: sql`now() - interval '2 days'` })
  expect(await pruneBatch(db, 'commitPacks', 1, 10)).toBe(1)
  expect(await findCommitPack(db, of, 'b'.repeat(40))).toBeUndefined()
  expect(await findCommitPack(db, of, kept)).toBeDefined()
})
