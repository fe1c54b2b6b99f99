import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinQueue, queueEntry } from '../../../src/db/merge-queue.ts'
import { getPull } from '../../../src/db/pull-requests.ts'
import { head, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

test('/hold takes it out of the merge queue and keeps the request; /hold cancel considers the merge again', async () => {
  const here = await places.place()
  expect(await here.say('/hold')).toMatchObject({ outcome: 'refused' })
  const pull = await here.review()
  await here.reviewed('approved')
  await here.say('/merge')
  const entry = { repositoryId: here.repo.id, baseBranch: 'main', pullRequestId: pull.id, sha: head }
  await places.store.transaction((tx) => joinQueue(tx, entry))
  expect((await here.say('/hold until the release is out')).text).toContain('#40 is not merged until')
  expect(await queueEntry(places.store.db, pull.id)).toBeUndefined()
  const held = { heldBy: 'maintainer', heldWhy: 'until the release is out', mergeSha: head }
  expect(await getPull(places.store.db, pull.id)).toMatchObject(held)
  const before = (await places.jobs('merge-pull-request')).length
  expect((await here.say('/hold cancel')).text).toContain('may be merged again')
  expect(await getPull(places.store.db, pull.id)).toMatchObject({ heldBy: null, heldWhy: '' })
  expect(await places.jobs('merge-pull-request')).toHaveLength(before + 1)
  expect((await here.say('/hold cancel')).text).toBe('#40 is not held.')
})
