/** From `/merge` to the merge, with everything that can come in between. On a real store, with a GitHub in memory. */

import { setImmediate } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { claimEffect, completeEffect, type EffectRow } from '../../../src/db/outbox.ts'
import { saveGateResult } from '../../../src/db/pull-requests.ts'
import { pullRequests } from '../../../src/db/schema/pull-requests.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import type { Check } from '../../../src/domain/github.ts'
import type { PullRequestContext } from '../../../src/pull-requests/context.ts'
import { mergePullRequest } from '../../../src/pull-requests/merge-pull-request.ts'
import { onPullRequestMerged } from '../../../src/pull-requests/on-pull-request-merged.ts'
import { commit } from '../../support/fake-github.ts'
import { Stage, useStore } from '../../support/webhook-stage.ts'

useStore()

/** A pull request in review whose gates have passed, `/merge` said about its head. */
async function asked() {
  const stage = await Stage.open()
  await stage.withSettings()
  const head = commit()
  const item = await stage.issueIn('reviewing')
  const { id, number } = await stage.pullOf(item, head)
  await stage.store.transaction((tx) =>
    saveGateResult(tx, {
      ...{ workItemId: item.id, sha: head, gate: 'tests', verdict: 'pass' as const },
      ...{ summary: 'passed', log: '', logDigest: null, milliseconds: 1 },
    }),
  )
  const request = { mergeRequestedBy: 'maintainer', mergeRequestedById: stage.maintainer.id, mergeSha: head }
  await stage.store.db.update(pullRequests).set(request).where(eq(pullRequests.id, id))
  const context = {
    store: stage.store,
    github: stage.github,
    log: pino({ level: 'silent' }),
  } as unknown as PullRequestContext
  const decide = () => mergePullRequest(context, { pullRequestId: id })
  const merges = () => stage.wanted('merge')
  const now = () => stage.item(item.issueNumber)
  /** GitHub answers the request to merge. */
  const answered = async (error: string) => {
    const [row] = await merges()
    const claimed = await claimEffect(stage.store.db, (row as EffectRow).id, 'the publisher')
    if (!claimed) throw new Error('the merge is not pending')
    await stage.store.transaction((tx) => completeEffect(tx, claimed, { kind: 'failed', error }))
    await onPullRequestMerged(context, { effectId: claimed.id })
  }
  const pull = () => stage.pullRow(number)
  const waitingJobs = () => stage.jobs('merge-pull-request', 'pullRequestId', id)
  return { stage, head, number, decide, merges, now, answered, pull, waitingJobs }
}

async function merging() {
  const all = await asked()
  const { reviewId } = all.stage.people.review(all.number, 'approved', all.stage.maintainer)
  await all.decide()
  expect((await all.now()).state).toBe('merging')
  return { ...all, reviewId }
}

test('a draft and a missing approval are waited for; then exactly the approved commit is merged', async () => {
  const { stage, head, number, decide, merges, now, waitingJobs } = await asked()
  stage.people.changePull(number, 'converted_to_draft', stage.maintainer, { draft: true })
  await decide()
  expect(await now()).toMatchObject({ state: 'reviewing', reason: expect.stringContaining('is a draft') })
  await stage.deliver(stage.people.changePull(number, 'ready_for_review', stage.maintainer, { draft: false }))
  expect(await waitingJobs()).toBe(1)
  await decide()
  expect((await now()).reason).toContain(`must approve \`${head.slice(0, 7)}\` first`)
  await stage.deliver(stage.people.review(number, 'approved', stage.maintainer))
  expect(await waitingJobs()).toBe(2)
  await decide()
  expect(await merges()).toMatchObject([{ payload: { sha: head, method: 'squash' } }])
})

test('a head that moves while GitHub is asked is not merged', async () => {
  const { stage, number, decide, merges, pull } = await asked()
  stage.people.review(number, 'approved', stage.maintainer)
  const reader = stage.github.repository.bind(stage.github)
  stage.github.repository = (at) => ({
    ...reader(at),
    checks: async () => {
      await stage.deliver(stage.people.pushTo(number, stage.maintainer))
      return { checks: [], complete: true }
    },
  })
  await decide()
  expect(await merges()).toEqual([])
  expect((await pull()).mergeSha).toBeNull()
})

test('a check that had begun when somebody approved is known to who counts that approval', async () => {
  const { stage, number, decide, merges } = await asked()
  const reader = stage.github.repository.bind(stage.github)
  const nothing = { conclusion: null, url: null, completedAt: null, suiteId: null, job: null, output: null }
  const lint: Check = { id: 'check_run:lint', name: 'lint', verdict: 'pending', own: false, ...nothing }
  let checks: Check[] = []
  stage.github.repository = (at) => ({
    ...reader(at),
    // Both happen on GitHub while it is asked.
    reviews: async (pull) => {
      await setImmediate()
      checks = [lint]
      stage.people.review(number, 'approved', stage.maintainer)
      return reader(at).reviews(pull)
    },
    checks: async () => ({ checks, complete: true }),
  })
  await decide()
  expect(await merges()).toEqual([])
})

test('a review that is dismissed takes back a merge that is not published yet; the request stays', async () => {
  const { stage, number, reviewId, merges, decide, now, pull, head } = await merging()
  await stage.deliver(stage.people.dismiss(number, reviewId, stage.maintainer))
  expect(await merges()).toMatchObject([{ state: 'failed', error: 'withdrawn' }])
  await decide()
  expect(await now()).toMatchObject({
    state: 'reviewing',
    reason: expect.stringContaining('must approve `0000000` first'),
  })
  expect((await pull()).mergeSha).toBe(head)
})

test('the label do-not-merge takes back a merge that is not published yet; without it the request goes on', async () => {
  const { stage, number, decide, merges, now, head, pull } = await merging()
  const label = { label: { name: 'Do-Not-Merge' } }
  const labels = ['Do-Not-Merge']
  await stage.deliver(stage.people.changePull(number, 'labeled', stage.maintainer, { labels }, label))
  expect(await merges()).toMatchObject([{ state: 'failed', error: 'withdrawn' }])
  await decide()
  expect(await now()).toMatchObject({ state: 'reviewing', reason: expect.stringContaining('do-not-merge') })
  expect((await pull()).mergeSha).toBe(head)
  const other = { label: { name: 'documentation' } }
  expect(await stage.deliver(stage.people.changePull(number, 'labeled', stage.maintainer, {}, other))).toMatchObject({
    state: 'ignored',
  })
  await stage.deliver(stage.people.changePull(number, 'unlabeled', stage.maintainer, { labels: [] }, label))
  await decide()
  expect(await now()).toMatchObject({ state: 'merging' })
  expect(await merges()).toMatchObject([{ state: 'pending', payload: { sha: head } }])
})

test('changes requested, or another base branch, take it back as well', async () => {
  const one = await merging()
  await one.stage.deliver(one.stage.people.review(one.number, 'changes_requested', one.stage.maintainer))
  expect(await one.merges()).toMatchObject([{ state: 'failed' }])
  expect((await one.now()).state).toBe('ready')
  const other = await merging()
  await other.stage.deliver(other.stage.people.retarget(other.number, 'release', other.stage.maintainer))
  expect(await other.merges()).toMatchObject([{ state: 'failed' }])
  await other.decide()
  expect((await other.now()).state).toBe('reviewing')
})

test.each([
  ['405 Required status check "e2e" is expected.', 'approved', true, '“Required status check "e2e" is expected.”'],
  ['405 At least 2 approving reviews are required.', 'approved', true, '“At least 2 approving reviews are required.”'],
  ['405 Base branch was modified. Review and try the merge again.', 'reviewing', true, 'tried once more'],
  ['409 Head branch was modified.', 'reviewing', false, 'the branch moved after the approval'],
  ['405 You are not authorized to push to this branch.', 'reviewing', false, '“You are not authorized'],
] as const)('GitHub says %s: %s', async (error, state, stays, said) => {
  const { answered, now, pull, waitingJobs, head, decide, merges } = await merging()
  await answered(`${error} - https://docs.github.com/rest`)
  expect(await now()).toMatchObject({ state, reason: expect.stringContaining(said) })
  expect((await pull()).mergeSha).toBe(stays ? head : null)
  expect(await waitingJobs()).toBe(error.includes('Base') ? 1 : 0)
  if (!stays) return
  await decide()
  expect(await merges()).toMatchObject([{ state: 'pending', payload: { sha: head } }])
})

test('a way of merging that is not allowed is replaced by one that is; with none, that is said', async () => {
  const { stage, answered, merges, now } = await merging()
  const reader = stage.github.repository.bind(stage.github)
  const allow = (...methods: ('merge' | 'rebase')[]) => {
    stage.github.repository = (at) => ({ ...reader(at), mergeMethods: async () => methods })
  }
  allow('rebase')
  await answered('405 Squash merges are not allowed on this repository.')
  expect(await merges()).toMatchObject([{ state: 'pending', payload: { method: 'rebase' } }])
  expect((await now()).state).toBe('merging')
  allow()
  await answered('405 Rebase merges are not allowed on this repository.')
  expect(await now()).toMatchObject({ state: 'reviewing', reason: expect.stringContaining('allows no way') })
})

test('a title that closes issues or stops CI does neither in the commit of the merge', async () => {
  const { stage, number, decide, merges, now } = await asked()
  const title = 'Regression after fixes #1: lists [skip ci]'
  await stage.store.db
    .update(workItems)
    .set({ title })
    .where(eq(workItems.id, (await now()).id))
  stage.people.review(number, 'approved', stage.maintainer)
  await decide()
  const [row] = await merges()
  expect(row?.payload.title).toBe(`Regression after fixes issue 1: lists (skip ci) (#${number})`)
  expect(row?.payload.message).not.toMatch(/fixes #|\[skip/i)
})
