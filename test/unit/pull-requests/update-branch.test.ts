/** A branch is brought up to date: by git alone, by its agent, or not at all. On a real store, with git made up. */

import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openConflict, updateThatMade } from '../../../src/db/branch-updates.ts'
import { getPull } from '../../../src/db/pull-requests.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import type { JoinResult } from '../../../src/git/join-commits.ts'
import { findConflicts } from '../../../src/pull-requests/find-conflicts.ts'
import { updateBranch } from '../../../src/pull-requests/update-branch.ts'
import { commit } from '../../support/fake-github.ts'
import { fakeClone, openMergePlace } from '../../support/merge-place.ts'
import { useStore } from '../../support/webhook-stage.ts'

useStore()
const base = commit()

test('git alone: the gates judge the new head, and what was asked for the old one is void', async () => {
  const made = commit()
  const joined: JoinResult = { kind: 'joined', sha: made, tree: made, how: 'merge' }
  const { stage, context, approved } = await openMergePlace(fakeClone(base, { join: async () => joined }))
  const pull = await approved()
  await updateBranch(context, { pullRequestId: pull.id })
  const item = await pull.now()
  expect(item).toMatchObject({ state: 'checking', headSha: made, reason: expect.stringContaining('a new approval') })
  expect((await getPull(stage.store.db, pull.id))?.mergeSha).toBeNull()
  expect(await updateThatMade(stage.store.db, made)).toMatchObject({ fromSha: pull.head, how: 'merge' })
  const [run] = await stage.store.db.select().from(runs).where(eq(runs.workItemId, item.id))
  expect(run).toMatchObject({ agent: 'git', stage: 'gates', countsAsAttempt: false, headSha: made })
  // A second time, and on a head that has moved, nothing happens.
  await updateBranch(context, { pullRequestId: pull.id })
  expect(await stage.store.db.select().from(runs).where(eq(runs.workItemId, item.id))).toHaveLength(1)
})

test('a conflict: the agent has it, with attempts of its own; found once for each base', async () => {
  const conflict: JoinResult = { kind: 'conflict', paths: ['src/a.ts'], tree: undefined }
  const clone = fakeClone(base, {
    join: async () => conflict,
    forecast: async () => ({ clean: false, conflicts: ['src/a.ts'] }),
    forecastPairs: async () => [],
  })
  const { stage, repo, context, underReview } = await openMergePlace(clone)
  const pull = await underReview()
  await findConflicts(context, { repositoryId: repo.id })
  expect(await stage.jobs('update-branch', 'pullRequestId', pull.id)).toBe(1)
  await updateBranch(context, { pullRequestId: pull.id })
  expect(await pull.now()).toMatchObject({ state: 'ready', reason: expect.stringContaining('`src/a.ts`') })
  expect(await openConflict(stage.store.db, { id: pull.id, headSha: pull.head })).toMatchObject({ baseSha: base })
  await stage.moveTo(await pull.now(), 'reviewing')
  await findConflicts(context, { repositoryId: repo.id })
  expect(await stage.jobs('update-branch', 'pullRequestId', pull.id)).toBe(1)
})

test('branches that merge are left alone, also when a person has just pushed', async () => {
  const clone = fakeClone(base, {
    join: async () => ({ kind: 'up-to-date' }),
    forecast: async () => ({ clean: true, tree: base }),
    forecastPairs: async () => [],
  })
  const { stage, repo, context, approved } = await openMergePlace(clone)
  const pull = await approved()
  await findConflicts(context, { repositoryId: repo.id })
  expect(await stage.jobs('update-branch', 'pullRequestId', pull.id)).toBe(0)
  await updateBranch(context, { pullRequestId: pull.id })
  expect(await pull.now()).toMatchObject({ state: 'reviewing', headSha: pull.head })
  await stage.deliver(stage.people.pushTo(pull.number, stage.maintainer))
  await updateBranch(context, { pullRequestId: pull.id })
  expect((await pull.now()).state).toBe('checking')
})
