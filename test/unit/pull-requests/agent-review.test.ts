/** A review by an agent: when it starts, what follows from its end, and that it never holds a pull request. */

import { and, eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { defaultSettings, type Settings } from '../../../src/config/settings.ts'
import { saveBranchUpdate } from '../../../src/db/branch-updates.ts'
import { addReview } from '../../../src/db/reviews.ts'
import { agentReviewsOf, latestLesson, type RunRow } from '../../../src/db/runs.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { type AgentReview, markInDiff } from '../../../src/domain/agent-review.ts'
import { onAgentReview } from '../../../src/pull-requests/on-agent-review.ts'
import { renderPullRequestComment } from '../../../src/pull-requests/pull-request-comment.ts'
import { wantAgentReview } from '../../../src/pull-requests/want-agent-review.ts'
import { afterRun } from '../../../src/runs/after-run.ts'
import { History } from '../../../src/scheduling/history.ts'
import { MemoryOfKinds } from '../../../src/scheduling/memory-of-kinds.ts'
import { startReview } from '../../../src/scheduling/start-review.ts'
import { head, newHead, openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const musts = {
  summary: 'Read it.',
  findings: [{ path: 'src/a.ts', line: 3, severity: 'must', text: 'It is off by one.' }],
}

/** A pull request at `head` in review, in a repository with these settings for its reviewer. */
async function inReview(reviewer: NonNullable<Settings['roles']>['reviewer'] = { sendBack: true, rounds: 1 }) {
  const { store } = places
  const here = await places.place()
  const pull = await here.review()
  const settings = { ...defaultSettings(), agent: 'scripted', roles: { reviewer } }
  const item = await here.item()
  await store.db.update(repositories).set({ settings }).where(eq(repositories.id, item.repositoryId))
  const env = {
    ...readEnv({ AGENT: 'scripted', DATA_DIR: '/tmp', APP_ID: '', PRIVATE_KEY: '' }),
    MAX_AGENTS: undefined,
  }
  const context = { store, env, log: pino({ level: 'silent' }), agents: new Map() }
  const start = (sha = head, freeMemory = 2 ** 40) =>
    startReview(
      { ...context, freeMemory: () => freeMemory, history: new History(), memory: new MemoryOfKinds() },
      { workItemId: item.id, sha },
    )
  const end = async (id: number, set: Partial<RunRow>) => {
    await store.db
      .update(runs)
      .set({ ...set, stage: 'ended', endedAt: new Date() })
      .where(eq(runs.id, id))
    await afterRun(context as never, { runId: id })
    await onAgentReview({ store }, { runId: id })
  }
  const reviews = () =>
    store.db
      .select()
      .from(effects)
      .where(and(eq(effects.workItemId, item.id), eq(effects.kind, 'agent-review')))
  return { here, pull, item, start, end, reviews, comment: () => renderPullRequestComment(store.db, item.id) }
}

test('one run for each head, with the facts of a review; not while there is no memory for it', async () => {
  const { start, item } = await inReview()
  expect(await start(newHead)).toBeUndefined()
  await expect(start(head, 0)).rejects.toThrow('waits until another agent may start')
  const id = await start()
  expect(id).toBeDefined()
  expect(await start()).toBeUndefined()
  expect(await agentReviewsOf(places.store.db, item.id)).toMatchObject([
    { id, purpose: 'review', attempt: 1, headSha: head, countsAsAttempt: false, stage: 'waiting' },
  ])
})

test('what must change goes back once; the next review is for people', async () => {
  const { here, start, end, reviews, item } = await inReview()
  await end((await start()) ?? 0, { outcome: 'reviewed', submission: musts })
  expect(await here.item()).toMatchObject({ state: 'ready' })
  expect((await reviews()).map(({ payload }) => payload)).toMatchObject([{ sha: head, pullNumber: 40 }])
  expect((await latestLesson(places.store.db, item.id)).feedback).toContain('1. `src/a.ts:3`: It is off by one.')
  const again = await here.start()
  await here.end(again.id, 'finished')
  await here.go('checking', 'reviewing')
  // A second head would be reviewed; here the same one is, as if it were new.
  await places.store.db.update(runs).set({ outcome: 'runner lost' }).where(eq(runs.purpose, 'review'))
  await end((await start()) ?? 0, { outcome: 'reviewed', submission: musts })
  expect(await here.item()).toMatchObject({ state: 'reviewing' })
})

test('a person who has reviewed this head goes first', async () => {
  const { here, pull, start, end } = await inReview()
  const by = { reviewer: 'maintainer', reviewerId: 7, sha: head, state: 'approved' as const, body: '' }
  const id = (await start()) ?? 0
  await places.store.transaction((tx) => addReview(tx, { pullRequestId: pull.id, reviewId: 1, ...by }))
  await end(id, { outcome: 'reviewed', submission: musts })
  expect(await here.item()).toMatchObject({ state: 'reviewing' })
})

test.each([
  ['rate limited', 'The limit is used up'],
  ['no review', 'The agent ended without a review'],
  ['agent not installed', 'There is no agent called codex'],
])('one that ends with %s holds nothing, and one line says so', async (outcome, summary) => {
  const { here, start, end, reviews, comment } = await inReview()
  await end((await start()) ?? 0, { outcome, summary })
  expect(await here.item()).toMatchObject({ state: 'reviewing' })
  expect(await reviews()).toEqual([])
  expect(await comment()).toContain(
    `No agent has reviewed \`aaaaaaa\`: the review ended with **${outcome}** (${summary}). The pull request goes on without it.`,
  )
})

test('one that is lost with its process is begun again, three times at most', async () => {
  const { start, end, comment } = await inReview()
  for (const _ of [1, 2, 3]) await end((await start()) ?? 0, { outcome: 'runner lost', summary: 'Gone.' })
  expect((await places.jobs('start-review')).length).toBe(2)
  expect(await comment()).toContain('the review ended with **runner lost** (Gone)')
})

test('it is stopped once the pull request moves on, and what it hands in then is shown to no one', async () => {
  const { here, start, end, reviews } = await inReview()
  const id = (await start()) ?? 0
  await here.go('ready')
  const [run] = await places.store.db.select().from(runs).where(eq(runs.id, id))
  expect(run?.stop).toBe('The pull request is no longer in review.')
  await end(id, { outcome: 'reviewed', submission: musts })
  expect(await reviews()).toEqual([])
  expect(await here.item()).toMatchObject({ state: 'ready' })
})

test('an agent that leaves the commit as it is sends the item back to people, not to a retry', async () => {
  const { here, start, end, item } = await inReview()
  await places.store.db.execute(`update work_items set head_sha = '${head}' where id = ${item.id}`)
  await end((await start()) ?? 0, { outcome: 'reviewed', submission: musts })
  const run = await here.start()
  await end(run.id, { outcome: 'no change', summary: 'The finding is wrong.' })
  expect(await here.item()).toMatchObject({
    state: 'reviewing',
    reason:
      'The review of #40 by an agent has changed nothing: scripted left the commit as it was. The finding is wrong.',
  })
})

test('a head that git has made of a reviewed one is not reviewed again; any other one is', async () => {
  const { pull, item, start, end } = await inReview({ sendBack: false, rounds: 1 })
  const { store } = places
  const settings = { ...defaultSettings(), roles: { reviewer: { sendBack: false, rounds: 1 } } }
  const made = { pullRequestId: pull.id, baseSha: 'd'.repeat(40), fromSha: head, toSha: newHead, paths: [] }
  await store.transaction((tx) => saveBranchUpdate(tx, { ...made, how: 'merge' }))
  const wanted = async (sha: string) => {
    const before = (await places.jobs('start-review')).length
    await store.transaction((tx) => wantAgentReview(tx, item, settings, sha))
    return (await places.jobs('start-review')).length - before
  }
  expect(await wanted(newHead)).toBe(1)
  await end((await start()) ?? 0, { outcome: 'reviewed', submission: musts })
  expect(await wanted(newHead)).toBe(0)
  expect(await wanted('c'.repeat(40))).toBe(1)
  await store.transaction((tx) => wantAgentReview(tx, item, defaultSettings(), 'e'.repeat(40)))
})

test('the review of a new head waits for the end of the one before', async () => {
  const { start, pull } = await inReview()
  const { db } = places.store
  const first = (await start()) ?? 0
  await db.update(pullRequests).set({ headSha: newHead }).where(eq(pullRequests.id, pull.id))
  await expect(start(newHead)).rejects.toThrow('waits until another agent may start')
  await db.update(runs).set({ stage: 'ended', outcome: 'stopped' }).where(eq(runs.id, first))
  expect(await start(newHead)).toBeGreaterThan(first)
})

test('/stop --all stops it, and the pull request stays in review', async () => {
  const { here, start, end, comment } = await inReview()
  const id = (await start()) ?? 0
  expect((await here.say('/stop --all')).text).toBe(
    'Stopping the review by an agent of #12. The pull requests go on without it.',
  )
  await end(id, { outcome: 'stopped', summary: 'Stopped on request.' })
  expect(await here.item()).toMatchObject({ state: 'reviewing' })
  expect(await comment()).not.toContain('agent, ')
})

test('a finding whose line the pull request shows stands there; the others stand in the text', async () => {
  const { start, end, reviews } = await inReview({ sendBack: false, rounds: 1 })
  const shown = new Map([['src/a.ts', new Set([3])]])
  const beside = { path: 'src/a.ts', line: 90, severity: 'note' as const, text: 'Far away.' }
  const [must] = musts.findings
  const review = { summary: 'Read it.', findings: [{ ...must, severity: 'must' as const }, beside] }
  const submission = markInDiff(review as AgentReview, shown)
  await end((await start()) ?? 0, { outcome: 'reviewed', submission })
  const [payload] = (await reviews()).map((row) => row.payload as { body: string; whole: string; comments: unknown[] })
  expect(payload?.comments).toEqual([{ path: 'src/a.ts', line: 3, body: '**Must change**: It is off by one.' }])
  expect(payload?.body).toContain('One finding stands at its line. Besides:')
  expect(payload?.body).toContain('1. `src/a.ts:90`: Far away.')
  expect(payload?.body).not.toContain('off by one')
  expect(payload?.whole).toContain('1. `src/a.ts:3`: It is off by one.')
})

test('a person restarts a review: the same commit is reviewed once more, and the pull request stays as it is', async () => {
  const { here, start, end, item } = await inReview()
  const first = (await start()) ?? 0
  expect((await here.say('/agents restart #12')).text).toContain('The review of #12 by **scripted** is being ended')
  expect((await here.say('/agents restart #12')).text).toContain('is being stopped already')
  expect(await here.item()).toMatchObject({ state: 'reviewing' })
  await end(first, { outcome: 'stopped' })
  expect(await places.jobs('start-review')).toContainEqual({ workItemId: item.id, sha: head })
  const second = await start()
  expect(second).toBeGreaterThan(first)
  // One that ends by itself is not begun again.
  await end(second ?? 0, { outcome: 'no review' })
  expect(await start()).toBeUndefined()
})
