/** The merge queue on a real store: who waits, what is tested, what merges, and what a restart loses. */

import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { defaultSettings } from '../../../src/config/settings.ts'
import { batchesOf, endBatch, getBatch, queueEntry } from '../../../src/db/merge-queue.ts'
import { claimEffect, completeEffect } from '../../../src/db/outbox.ts'
import { markBaseMoved } from '../../../src/db/repositories.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { type Sha, sha } from '../../../src/lib/ids.ts'
import { advanceMergeQueue } from '../../../src/pull-requests/advance-merge-queue.ts'
import { mergePullRequest } from '../../../src/pull-requests/merge-pull-request.ts'
import { onPullRequestMerged } from '../../../src/pull-requests/on-pull-request-merged.ts'
import { commit } from '../../support/fake-github.ts'
import { fakeClone, openMergePlace } from '../../support/merge-place.ts'
import { useStore } from '../../support/webhook-stage.ts'

useStore()

/** A clone in which every head merges: the tree of a stack is made of all that is in it. */
async function openQueue() {
  const state = { base: commit(), tree: '', whileStacking: async () => {} }
  const merged: string[] = []
  const treeOf = (heads: readonly string[]) =>
    sha(
      heads
        .map((head) => head.slice(-6))
        .join('')
        .padStart(40, '0')
        .slice(-40),
    )
  const clone = fakeClone(state.base, {
    remoteHead: async () => state.base,
    treeOf: async () => treeOf(merged),
    stack: async (_base: Sha, heads: readonly Sha[]) => {
      await state.whileStacking()
      return {
        baseTree: treeOf(merged),
        leftOut: [],
        stacked: heads.map((head, at) => ({
          head,
          commit: commit(),
          tree: treeOf([...merged, ...heads.slice(0, at + 1)]),
        })),
      }
    },
  })
  const place = await openMergePlace(clone)
  const { stage, repo, context } = place
  const settings = defaultSettings()
  settings.gates.commands = [{ name: 'tests', run: 'true', minutes: 1 }]
  await stage.store.db
    .update(repositories)
    .set({ settings, settingsSha: state.base })
    .where(eq(repositories.id, repo.id))
  const of = { repositoryId: repo.id, baseBranch: 'main' }
  const advance = () => advanceMergeQueue(context, of)
  const batches = async () => (await batchesOf(stage.store.db, of)).toReversed()
  /** The gates have judged the batch that is being tested. */
  const judge = async (verdict: 'passed' | 'failed', log = '') => {
    const testing = (await batches()).find((batch) => batch.state === 'testing')
    await stage.store.transaction((tx) => endBatch(tx, testing?.id ?? 0, { state: verdict, log, milliseconds: 1 }))
    await advance()
    return testing?.members.map(({ pullRequestId }) => pullRequestId)
  }
  /** Its turn has come, and GitHub merges it. */
  const merge = async (pull: { id: number; head: Sha }) => {
    await mergePullRequest(context, { pullRequestId: pull.id, turn: true })
    const row = (await stage.wanted('merge')).find(({ state: at }) => at === 'pending')
    expect(row?.payload.sha).toBe(pull.head)
    const claimed = row && (await claimEffect(stage.store.db, row.id, 'the publisher'))
    if (!claimed) throw new Error('no merge is pending')
    const result = { mergedSha: commit() }
    await stage.store.transaction((tx) => completeEffect(tx, claimed, { kind: 'done', result }))
    await onPullRequestMerged(context, { effectId: claimed.id })
    merged.push(pull.head)
    await advance()
  }
  const turns = (pull: { id: number }) => stage.jobs('merge-pull-request', 'pullRequestId', pull.id)
  const decide = (pull: { id: number }) => mergePullRequest(context, { pullRequestId: pull.id })
  return { ...place, state, of, advance, batches, judge, merge, turns, decide }
}

test('two wait: tested together on top of the base, merged in order, each with the facts of its own turn', async () => {
  const { stage, approved, decide, advance, batches, judge, merge } = await openQueue()
  const [one, two] = [await approved(), await approved()]
  stage.github.asked.length = 0
  for (const pull of [one, two]) await decide(pull)
  expect((await one.now()).reason).toContain('in the merge queue of `main`')
  expect(stage.github.asked).toEqual([])
  await advance()
  await advance()
  expect((await batches()).map(({ state }) => state)).toEqual(['testing'])
  expect(await judge('passed')).toEqual([one.id, two.id])
  await merge(one)
  await merge(two)
  expect([(await one.now()).state, (await two.now()).state]).toEqual(['done', 'done'])
  // What was tested together is not tested again after the first of them has merged.
  expect(await batches()).toHaveLength(1)
})

test('a merge that ends while a batch is put together: nothing is tested on the old base', async () => {
  const { stage, repo, state, approved, decide, advance, batches } = await openQueue()
  for (const pull of [await approved(), await approved()]) await decide(pull)
  state.whileStacking = async () => {
    state.whileStacking = async () => {}
    await stage.store.transaction((tx) => markBaseMoved(tx, repo.id))
  }
  await advance()
  expect(await batches()).toEqual([])
  await advance()
  expect((await batches()).map(({ state: at }) => at)).toEqual(['testing'])
})

test('one of three breaks it: it is found, taken out and sent back with the log; the others merge', async () => {
  const { stage, approved, decide, advance, judge, merge, of } = await openQueue()
  const pulls = [await approved(), await approved(), await approved()] as const
  for (const pull of pulls) await decide(pull)
  await advance()
  const [one, two, bad] = pulls
  expect(await judge('failed', 'boom')).toHaveLength(3)
  expect(await judge('passed')).toEqual([one.id, two.id])
  await merge(one)
  await merge(two)
  // The very files of the first batch: no third test is needed.
  expect(await bad.now()).toMatchObject({
    state: 'ready',
    reason: expect.stringContaining('Taken out of the merge queue'),
  })
  expect(await queueEntry(stage.store.db, bad.id)).toBeUndefined()
  expect((await batchesOf(stage.store.db, of)).length).toBe(2)
})

test('a review that is dismissed while it waits, and a head that moves, keep it out; the rest goes on', async () => {
  const { stage, approved, decide, advance, judge, merge, context } = await openQueue()
  const [dismissed, moved, good] = [await approved(), await approved(), await approved()]
  for (const pull of [dismissed, moved, good]) await decide(pull)
  await advance()
  const [review] = stage.repository.reviews.get(dismissed.number) ?? []
  await stage.deliver(stage.people.dismiss(dismissed.number, review?.id ?? 0, stage.maintainer))
  await stage.deliver(stage.people.pushTo(moved.number, stage.maintainer))
  expect(await judge('passed')).toHaveLength(3)
  await mergePullRequest(context, { pullRequestId: dismissed.id, turn: true })
  expect(await dismissed.now()).toMatchObject({
    state: 'reviewing',
    reason: expect.stringContaining('must approve `0000000` first'),
  })
  expect(await stage.wanted('merge')).toEqual([])
  await advance()
  expect(await judge('passed')).toEqual([good.id])
  await merge(good)
  expect((await good.now()).state).toBe('done')
  expect((await moved.now()).state).toBe('checking')
})

test('a restart in the middle: the test of a batch goes on from its row, and nothing is tested twice', async () => {
  const { stage, approved, decide, advance, batches, turns } = await openQueue()
  const pull = await approved()
  await decide(pull)
  await advance()
  const [batch] = await batches()
  expect(await stage.jobs('test-merge-batch', 'batchId', batch?.id ?? 0)).toBe(1)
  // Whatever asks again meanwhile finds that it is under way.
  await advance()
  expect(await batches()).toHaveLength(1)
  await stage.store.transaction((tx) => endBatch(tx, batch?.id ?? 0, { state: 'passed', log: '', milliseconds: 1 }))
  await stage.store.transaction((tx) => endBatch(tx, batch?.id ?? 0, { state: 'failed', log: 'late', milliseconds: 1 }))
  expect((await getBatch(stage.store.db, batch?.id ?? 0))?.state).toBe('passed')
  const before = await turns(pull)
  await advance()
  expect(await turns(pull)).toBe(before + 1)
})
