/** `/best-of` and `/use`: when they can be said, and what the second time does. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import type { BestOf, Candidate } from '../../../src/domain/best-of.ts'
import { head, newHead, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const settings = { ...defaultSettings(), agent: 'scripted', agents: { codex: {} } }
const two = ['scripted', 'codex']

test('it queues an issue that is not queued, and can be changed until an agent begins', async () => {
  const here = await places.place(settings)
  expect(await here.say('/best-of scripted codex')).toMatchObject({ outcome: 'done' })
  expect(await here.item()).toMatchObject({ state: 'queued', bestOf: { kinds: two, candidates: [] } })
  await here.go('ready')
  await here.say('/best-of codex scripted')
  expect((await here.item()).bestOf?.kinds).toEqual(['codex', 'scripted'])
  await here.start()
  expect(await here.say('/best-of scripted codex')).toMatchObject({
    ...{ outcome: 'refused', text: expect.stringContaining('An agent has begun already') },
  })
})

test.each([
  ['', 'two or three'],
  ['codex', 'two or three'],
  ['codex codex', 'two or three'],
  ['codex gemini', 'gemini'],
])('what cannot be compared is refused: %s', async (kinds, expected) => {
  const here = await places.place(settings)
  expect(await here.say(`/best-of ${kinds}`)).toMatchObject({
    outcome: 'refused',
    text: expect.stringContaining(expected),
  })
})

test('/reassign to a kind ends it', async () => {
  const here = await places.place(settings)
  await here.say('/best-of scripted codex')
  await here.say('/reassign codex')
  expect(await here.item()).toMatchObject({ agent: 'codex', bestOf: { over: true } })
})

async function compared(more: Partial<Candidate> = {}) {
  const here = await places.place(settings)
  await here.review()
  const candidate = { name: 'x', passed: true, asks: 0, files: 1, lines: 1, paths: ['a.txt'], why: '' }
  const bestOf: BestOf = {
    kinds: two,
    candidates: [
      { ...candidate, kind: 'scripted', runId: 1, head },
      { ...candidate, kind: 'codex', runId: 2, head: newHead, ...more },
    ],
    chosen: 'scripted',
  }
  const { id } = await here.item()
  await places.store.db.update(workItems).set({ bestOf, headSha: head }).where(eq(workItems.id, id))
  return here
}

test.each(['/use codex', '/use other'])('%s puts the other commit into the pull request', async (line) => {
  const here = await compared()
  expect(await here.say('/use scripted')).toMatchObject({ outcome: 'done', text: expect.stringContaining('already') })
  const before = (await places.jobs('open-pull-request')).length
  expect(await here.say(line)).toMatchObject({ outcome: 'done' })
  expect(await here.item()).toMatchObject({
    ...{ state: 'checking', headSha: newHead, agent: 'codex', bestOf: { chosen: 'codex', replaces: head } },
  })
  expect(await places.jobs('open-pull-request')).toHaveLength(before + 1)
  expect(await here.say('/use codex')).toMatchObject({ outcome: 'done', text: expect.stringContaining('already') })
})

test('a commit that gates refused, one that has moved on, and an item of one kind are left alone', async () => {
  const failed = await compared({ passed: false })
  expect(await failed.say('/use codex')).toMatchObject({ outcome: 'refused', text: expect.stringContaining('passed') })
  expect(await failed.say('/use other')).toMatchObject({ outcome: 'refused' })
  const moved = await compared()
  const { id } = await moved.item()
  const bestOf = (await moved.item()).bestOf as BestOf
  const [first, second] = bestOf.candidates
  const candidates = [{ ...first, head: 'c'.repeat(40) }, second] as Candidate[]
  await places.store.db
    .update(workItems)
    .set({ bestOf: { ...bestOf, candidates } })
    .where(eq(workItems.id, id))
  expect(await moved.say('/use codex')).toMatchObject({
    outcome: 'refused',
    text: expect.stringContaining('as it was opened'),
  })
  const merging = await compared()
  await merging.go('merging')
  expect(await merging.say('/use codex')).toMatchObject({ outcome: 'refused' })
  const alone = await places.place(settings)
  await alone.review()
  expect(await alone.say('/use other')).toMatchObject({ outcome: 'refused' })
})
