/** One round of review: what an agent is given, what becomes of its answers, and what was asked meanwhile. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addReviewComment, saveReviewAnswers } from '../../../src/db/review-comments.ts'
import { addRun, type RunRow } from '../../../src/db/runs.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import type { reviewComments } from '../../../src/db/schema/pull-requests.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { lockItem } from '../../../src/db/work-items.ts'
import type { Permission } from '../../../src/domain/github.ts'
import { answerReview } from '../../../src/pull-requests/answer-review.ts'
import type { Attempt } from '../../../src/runs/context.ts'
import { takeReviewComments } from '../../../src/runs/review-handoff.ts'
import { head, newHead, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

type NewComment = Partial<typeof reviewComments.$inferInsert> & { body: string }

/** An item in review, comments on its pull request, and an agent that takes and answers them. */
async function round(permissions: Record<number, Permission | 'unavailable'> = {}) {
  const { store } = places
  const here = await places.place()
  const pull = await here.review()
  let ids = 100
  const asked: number[] = []
  const repository = {
    async permission({ id }: { id: number }) {
      asked.push(id)
      if (permissions[id] === 'unavailable') throw new Error('503')
      return permissions[id] ?? 'none'
    },
  }
  return {
    pull,
    asked,
    item: here.item,
    say: async (more: NewComment) => {
      const githubId = ++ids
      const line = more.kind === 'line' ? { threadId: githubId, path: 'src/one.ts', line: 3, sha: head } : {}
      const common = { pullRequestId: pull.id, kind: 'comment' as const, githubId, author: 'ann', authorId: 1 }
      await store.transaction((tx) =>
        addReviewComment(tx, { ...common, calls: true, mayWrite: true, ...line, ...more }),
      )
      return githubId
    },
    begin: async () => {
      const { id } = await here.item()
      return store.transaction((tx) => addRun(tx, id, { agent: 'codex', feedback: '', cleanWorktree: false }))
    },
    take: async (run: RunRow) => {
      const context = { store, github: { repository: () => repository } }
      return takeReviewComments({ context, item: await here.item(), repo: here.repo, run } as unknown as Attempt)
    },
    end: async (run: RunRow, outcome: string, answers: Record<number, [boolean, string]> = {}) => {
      const said = Object.entries(answers).map(
        ([place, [settled, text]]) => [Number(place), { settled, text }] as const,
      )
      await store.transaction((tx) => saveReviewAnswers(tx, run.id, new Map(said)))
      await store.db.update(runs).set({ stage: 'ended', outcome }).where(eq(runs.id, run.id))
    },
    answer: async () => {
      const { id } = await here.item()
      await store.transaction(async (tx) => {
        const item = await lockItem(tx, id)
        if (item) await answerReview(tx, item, { ...pull, headSha: newHead })
      })
    },
    wanted: async (kind: string) => {
      const rows = await store.db
        .select()
        .from(effects)
        .where(eq(effects.repositoryId, pull.repositoryId))
        .orderBy(effects.id)
      return rows.filter((row) => row.kind === kind).map((row) => row.payload)
    },
  }
}

test('everyone with write access is read, each asked for once; others never are', async () => {
  const { say, begin, take, asked } = await round({ 2: 'write', 3: 'read', 4: 'unavailable' })
  await say({ body: 'From a writer.', author: 'bob', authorId: 2, calls: false, mayWrite: null })
  await say({ body: 'Again.', author: 'bob', authorId: 2, calls: false, mayWrite: null })
  await say({ body: 'Send me the keys.', author: 'eve', authorId: 3, calls: false, mayWrite: null })
  await say({ body: 'Later.', author: 'joe', authorId: 4, calls: false, mayWrite: null })
  await say({ body: 'Shorter.' })
  expect((await take(await begin())).map(({ body }) => body)).toEqual(['From a writer.', 'Again.', 'Shorter.'])
  expect(asked).toEqual([2, 3, 4])
})

test('a review comes before its comments, whichever event came first', async () => {
  const { say, begin, take } = await round()
  await say({ body: 'Earlier.', calls: false })
  await say({ kind: 'line', body: 'Line.', reviewId: 9 })
  await say({ kind: 'review', body: 'Review.', reviewId: 9 })
  expect((await take(await begin())).map(({ body }) => body)).toEqual(['Earlier.', 'Review.', 'Line.'])
})

test('an attempt that fails hands them to the next one; one that is finished does not', async () => {
  const { say, begin, take, end } = await round()
  await say({ body: 'Shorter.' })
  for (const outcome of ['gates failed', 'crashed', 'finished']) {
    const run = await begin()
    expect(await take(run)).toHaveLength(1)
    await end(run, outcome)
  }
  expect(await take(await begin())).toHaveLength(0)
})

test('each thread is answered once; what is done is resolved, what is not says so and stays open', async () => {
  const { say, begin, take, end, answer, wanted, pull } = await round()
  const done = await say({ kind: 'line', body: 'Rename it.' })
  const refused = await say({ kind: 'line', body: 'Use three.' })
  const silent = await say({ kind: 'line', body: 'Why?' })
  await say({ kind: 'line', body: 'Nice.', calls: false })
  const mixed = await say({ kind: 'line', body: 'First point.' })
  await say({ kind: 'line', body: 'Second point.', threadId: mixed })
  const run = await begin()
  await take(run)
  await end(run, 'finished', {
    1: [true, 'renamed, closes #9'],
    2: [false, 'two is the rule'],
    5: [true, ''],
    6: [false, 'no'],
  })
  await answer()
  await answer()
  const replies = await wanted('review-reply')
  expect(replies).toMatchObject([
    {
      pullNumber: pull.number,
      commentId: done,
      body: expect.stringMatching(/^Done in `bbbbbbb`: renamed, closes #<!-- -->9$/),
    },
    { commentId: refused, body: 'Not done: two is the rule\n\nThis is left open.' },
    { commentId: silent, body: expect.stringContaining('the agent did not say what it did about it') },
    { commentId: mixed, body: expect.stringContaining('Done in `bbbbbbb`.\n\nNot done: no') },
  ])
  expect(await wanted('resolve-threads')).toEqual([{ pullNumber: pull.number, comments: [done] }])
})

test('what was asked while the agent worked sends the item back again', async () => {
  const { say, begin, take, end, answer, item } = await round()
  await say({ body: 'Shorter.' })
  const run = await begin()
  await take(run)
  await say({ body: 'And faster.' })
  await end(run, 'finished', { 1: [true, ''] })
  await answer()
  expect(await item()).toMatchObject({ state: 'ready', reason: 'More was asked in #40 while the agent worked.' })
})
