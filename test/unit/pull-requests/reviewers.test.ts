/** Reviewers that the settings name: asked once, and a refusal is shown on the pull request. */

import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { onReviewersRequestedJob } from '../../../src/pull-requests/on-reviewers-requested.ts'
import { renderPullRequestComment } from '../../../src/pull-requests/pull-request-comment.ts'
import { requestReviewers } from '../../../src/pull-requests/request-reviewers.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

async function asked(reviewers: string[]) {
  const { store } = places
  const here = await places.place()
  const pull = await here.review()
  const item = await here.item()
  const settings = {
    ...defaultSettings(),
    pullRequests: { drafts: false, whenIssueCloses: 'keep' as const, reviewers },
  }
  for (const _ of [1, 2]) await store.transaction((tx) => requestReviewers(tx, item, pull.number, settings))
  const wanted = (kind: string) =>
    store.db
      .select()
      .from(effects)
      .where(and(eq(effects.workItemId, item.id), eq(effects.kind, kind)))
  return { item, pull, wanted }
}

test('where the settings name nobody, no call is made', async () => {
  const { wanted } = await asked([])
  expect(await wanted('request-reviewers')).toEqual([])
})

test.each([
  [
    'GitHub did not take one of them',
    { state: 'done', result: { asked: ['eve'], refused: 'eve is not a collaborator' } },
  ],
  ['GitHub refused', { state: 'failed', error: '403 eve is not a collaborator' }],
] as const)('%s: that is said on the pull request', async (_, outcome) => {
  const { item, pull, wanted } = await asked(['eve', 'assignees'])
  const [request, ...more] = await wanted('request-reviewers')
  expect(more).toEqual([])
  expect(request).toMatchObject({
    revision: 1,
    payload: { pullNumber: pull.number, people: ['eve'], teams: [], assigneesOf: 12 },
  })
  const effectId = request?.id ?? 0
  await onReviewersRequestedJob.handle({ store: places.store }, { effectId }, { last: false })
  expect(await wanted('pull-request-comment')).toEqual([])
  await places.store.db.update(effects).set(outcome).where(eq(effects.id, effectId))
  await onReviewersRequestedJob.handle({ store: places.store }, { effectId }, { last: false })
  expect(await wanted('pull-request-comment')).toHaveLength(1)
  expect(await renderPullRequestComment(places.store.db, item.id)).toContain('eve is not a collaborator')
})
