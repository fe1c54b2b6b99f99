/** Where the rules of a branch require GitHub's own merge queue. On a real store. */

import { expect, test } from 'vitest'
import { getBatch } from '../../../src/db/merge-queue.ts'
import { claimEffect, completeEffect } from '../../../src/db/outbox.ts'
import { onMergeEnqueued } from '../../../src/pull-requests/github-merge-queue.ts'
import { mergePullRequest } from '../../../src/pull-requests/merge-pull-request.ts'
import { onPullRequestMerged } from '../../../src/pull-requests/on-pull-request-merged.ts'
import { commit } from '../../support/fake-github.ts'
import { fakeClone, openMergePlace } from '../../support/merge-place.ts'
import { useStore } from '../../support/webhook-stage.ts'

useStore()

async function enqueued() {
  const place = await openMergePlace(fakeClone(commit(), { isAncestor: async () => true }))
  const { stage, context, approved } = place
  const pull = await approved()
  await mergePullRequest(context, { pullRequestId: pull.id })
  const answer = async (kind: string, outcome: Parameters<typeof completeEffect>[2]) => {
    const [row] = await stage.wanted(kind)
    const claimed = row && (await claimEffect(stage.store.db, row.id, 'the publisher'))
    if (!claimed) throw new Error(`no ${kind} is pending`)
    await stage.store.transaction((tx) => completeEffect(tx, claimed, outcome))
    return claimed.id
  }
  const error = '405 Repository rule violations found Changes must be made through the merge queue'
  await onPullRequestMerged(context, { effectId: await answer('merge', { kind: 'failed', error }) })
  return { ...place, pull, answer }
}

test('the refusal puts it into the queue of GitHub at the approved commit; that it was taken out is said', async () => {
  const { stage, context, pull, answer } = await enqueued()
  expect(await stage.wanted('enqueue-merge')).toMatchObject([{ payload: { sha: pull.head } }])
  const effectId = await answer('enqueue-merge', { kind: 'done', result: {} })
  await onMergeEnqueued(context, { effectId })
  await onMergeEnqueued(context, { effectId })
  expect(await pull.now()).toMatchObject({
    state: 'approved',
    reason: expect.stringContaining("GitHub's own merge queue"),
  })
  const out = stage.people.changePull(pull.number, 'dequeued', stage.github.self, {}, { reason: 'FAILED_CHECKS' })
  await stage.deliver(out)
  expect(await pull.now()).toMatchObject({ state: 'reviewing', reason: expect.stringContaining('(failed checks)') })
})

test('what its queue refuses is said in the words of GitHub', async () => {
  const { context, pull, answer } = await enqueued()
  const effectId = await answer('enqueue-merge', { kind: 'failed', error: 'Pull request is in draft' })
  await onMergeEnqueued(context, { effectId })
  expect(await pull.now()).toMatchObject({
    state: 'reviewing',
    reason: expect.stringContaining('“Pull request is in draft”'),
  })
})

test('a group of its queue is judged by the gates at exactly its commit', async () => {
  const { stage } = await openMergePlace(fakeClone(commit(), {}))
  const [head, base] = [commit(), commit()]
  const branch = `gh-readonly-queue/main/pr-7-${base}`
  const group = { head_sha: head, head_ref: `refs/heads/${branch}`, base_sha: base, base_ref: 'refs/heads/main' }
  const row = await stage.deliver(
    stage.people.hook('merge_group', 'checks_requested', stage.github.self, { merge_group: group }),
  )
  expect(row.state).toBe('done')
  const jobs = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((id) => getBatch(stage.store.db, id)))
  const [batch] = jobs.filter((one) => one?.baseBranch === branch)
  expect(batch).toMatchObject({ baseSha: base, members: [{ commit: head }], state: 'testing' })
  expect(await stage.jobs('test-merge-batch', 'batchId', batch?.id ?? 0)).toBe(1)
})
