/** Pull requests of ours: merged, closed, opened again, pushed to, pointed elsewhere; and what CI says. */

import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { latestEntries } from '../../../../src/db/audit-log.ts'
import { setDependencies } from '../../../../src/db/dependencies.ts'
import { addRun, liveRun, runsOf } from '../../../../src/db/runs.ts'
import { approvals, pullRequests } from '../../../../src/db/schema/pull-requests.ts'
import { dependencies, workItems } from '../../../../src/db/schema/work-items.ts'
import { lifecycle } from '../../../../src/domain/lifecycle.ts'
import type { Sha } from '../../../../src/lib/ids.ts'
import type { ItemState } from '../../../../src/lib/item-state.ts'
import { commit } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('pulls', () => {
  async function withPull(state: ItemState = 'reviewing') {
    const stage = await Stage.open()
    const item = await stage.issueIn(state)
    const pull = await stage.pullOf(item, commit())
    return { stage, item, pull }
  }

  const states = async (stage: Stage, pullId: number) => {
    const rows = await stage.store.db.select().from(approvals).where(eq(approvals.pullRequestId, pullId))
    return rows.map((row) => row.state)
  }

  for (const state of ['reviewing', 'merging', 'ready', 'running', 'held', 'cancelled'] as const) {
    test(`a merge by a person ends the item, also when it is ${state}`, async () => {
      const { stage, item, pull } = await withPull('reviewing')
      if (state !== 'reviewing') await stage.moveTo(item, state === 'running' ? 'ready' : state)
      const run =
        state === 'running'
          ? await stage.store.transaction((tx) =>
              addRun(tx, item.id, { agent: 'x', feedback: '', cleanWorktree: false }),
            )
          : undefined
      const reads = stage.github.calls.reads
      await stage.deliver(stage.people.mergePull(pull.number, stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'done', doneAt: expect.any(Date) })
      expect(await stage.pullRow(pull.number)).toMatchObject({ state: 'merged' })
      expect(await stage.jobs('clean-up', 'workItemId', item.id)).toBeGreaterThan(0)
      if (run) expect(await liveRun(stage.store.db, item.id)).toMatchObject({ stop: expect.stringContaining('merged') })
      expect(stage.github.calls.reads).toBe(reads)
    })
  }

  test('a pull request closed by a person holds its item; opened again it waits for a new review', async () => {
    const { stage, item, pull } = await withPull()
    await stage.deliver(stage.people.review(pull.number, 'approved', stage.maintainer))
    await stage.deliver(stage.people.closePull(pull.number, stage.outsider))
    expect(await stage.item(item.issueNumber)).toMatchObject({
      state: 'held',
      reason: expect.stringContaining('closed by outsider without a merge'),
    })
    await stage.deliver(stage.people.reopenPull(pull.number, stage.outsider))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing' })
    expect(await stage.pullRow(pull.number)).toMatchObject({ state: 'open' })
    expect(await states(stage, pull.id)).toEqual(['dismissed'])
  })

  test('a pull request of anybody is heard where something waits for it, in whatever order, and costs nothing elsewhere', async () => {
    const stage = await Stage.open()
    const waiting = await stage.issueIn('ready')
    const [named, other] = [
      stage.people.openPull('named', commit(), stage.outsider),
      stage.people.openPull('other', commit(), stage.outsider),
    ]
    const repository = stage.repository.facts.fullName.toLowerCase()
    const edge = { repository, issueNumber: named.number, blocker: 'open' as const }
    await stage.store.transaction((tx) => setDependencies(tx, waiting, 'body', [edge]))
    const blocker = async () => {
      const rows = await stage.store.db.select().from(dependencies).where(eq(dependencies.dependentId, waiting.id))
      return rows.map((row) => row.blocker)
    }
    const reads = stage.github.calls.reads
    await stage.deliver(stage.people.closePull(other.number, stage.outsider))
    expect(await stage.deliver(stage.people.mergePull(named.number, stage.outsider))).toMatchObject({ state: 'done' })
    expect(await blocker()).toEqual(['closed'])
    expect(stage.github.calls.reads).toBe(reads)

    const [reopened, closed] = [
      stage.people.reopenPull(named.number, stage.outsider),
      stage.people.closePull(named.number, stage.outsider),
    ]
    await stage.deliver(closed)
    await stage.deliver(reopened)
    expect(await blocker()).toEqual(['closed'])
    expect(stage.github.calls.reads).toBe(reads + 1)
  })

  test('a push by a person voids what was said, and the gates judge the new commit', async () => {
    const { stage, item, pull } = await withPull('approved')
    await stage.deliver(stage.people.review(pull.number, 'approved', stage.maintainer))
    const head = commit()
    await stage.deliver(stage.people.pushTo(pull.number, stage.maintainer, head))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'checking', headSha: head })
    expect(await stage.pullRow(pull.number)).toMatchObject({ headSha: head, mergeSha: null, mergeRequestedBy: null })
    const [run] = await runsOf(stage.store.db, item.id)
    expect(run).toMatchObject({ agent: 'person', stage: 'gates', headSha: head, countsAsAttempt: false })
    expect(await stage.jobs('run-gates', 'runId', run?.id ?? 0)).toBe(1)
  })

  /** What becomes of an item whose head a person replaces by another one: where, which state follows, and who is judged. */
  const replaced = [
    ['queued', 'queued', 0],
    ['ready', 'ready', 0],
    ['running', 'running', 0],
    ['checking', 'checking', 1],
    ['reviewing', 'checking', 1],
    ['approved', 'checking', 1],
    ['merging', 'checking', 1],
    ['paused', 'paused', 0],
    ['held', 'held', 0],
    ['skipped', 'skipped', 0],
    ['cancelled', 'cancelled', 0],
  ] as const
  test.each(replaced)(
    'a force push while it is %s: %s, nothing of the old head counts, nothing is merged',
    async (state, next, runs) => {
      const { stage, item, pull } = await withPull('reviewing')
      await stage.deliver(stage.people.review(pull.number, 'approved', stage.maintainer))
      await stage.store.db
        .update(pullRequests)
        .set({ mergeRequestedBy: 'maintainer', mergeRequestedById: stage.maintainer.id, mergeSha: pull.headSha })
        .where(eq(pullRequests.id, pull.id))
      await stage.store.db.update(workItems).set({ state, headSha: pull.headSha }).where(eq(workItems.id, item.id))
      const head = commit()
      await stage.deliver(stage.people.pushTo(pull.number, stage.maintainer, head))
      expect((await stage.item(item.issueNumber)).state).toBe(next)
      expect(await stage.pullRow(pull.number)).toMatchObject({ headSha: head, mergeSha: null, mergeRequestedBy: null })
      const judged = await runsOf(stage.store.db, item.id)
      expect(judged.map((run) => run.headSha)).toEqual(Array.from({ length: runs }, () => head))
      expect(await stage.wanted('merge')).toEqual([])
      // Back to the first head: what was approved of it before counts no longer by the request alone.
      await stage.deliver(stage.people.pushTo(pull.number, stage.maintainer, pull.headSha as Sha))
      expect((await stage.pullRow(pull.number)).mergeSha).toBeNull()
    },
  )
  test('the table of force pushes has every state in which a pull request can be open', () => {
    expect(replaced.map(([state]) => state as string).toSorted()).toEqual(
      Object.keys(lifecycle)
        .filter((state) => !['planning', 'asking', 'plan-review', 'done'].includes(state))
        .toSorted(),
    )
  })

  test('two pull requests with one head: the one that Tutti opened counts, and the other one is nothing to it', async () => {
    const { stage, item, pull } = await withPull('reviewing')
    const other = stage.people.openPull(item.branch, pull.headSha as Sha, stage.maintainer)
    await stage.deliver(stage.people.review(other.number, 'approved', stage.maintainer))
    expect(await states(stage, pull.id)).toEqual([])
    await stage.deliver(stage.people.closePull(other.number, stage.maintainer))
    expect((await stage.item(item.issueNumber)).state).toBe('reviewing')
    expect((await stage.deliver(stage.people.mergePull(other.number, stage.maintainer))).state).toBe('ignored')
    expect((await stage.item(item.issueNumber)).state).toBe('reviewing')
    expect(await stage.pullRow(pull.number)).toMatchObject({ state: 'open', headSha: pull.headSha })
  })

  test('our own push, and a push while an agent is at work, move nothing but the head', async () => {
    const { stage, item, pull } = await withPull('reviewing')
    const ours = commit()
    await stage.deliver(stage.people.pushTo(pull.number, stage.github.self, ours))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing' })
    expect(await stage.pullRow(pull.number)).toMatchObject({ headSha: ours })

    await stage.moveTo(await stage.item(item.issueNumber), 'ready')
    const theirs = commit()
    await stage.deliver(stage.people.pushTo(pull.number, stage.maintainer, theirs))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })
    expect(await stage.pullRow(pull.number)).toMatchObject({ headSha: theirs })
    expect(await runsOf(stage.store.db, item.id)).toHaveLength(0)
  })

  test('pushes heard in the wrong order end with the head that GitHub has', async () => {
    const { stage, pull } = await withPull('reviewing')
    const first = stage.people.pushTo(pull.number, stage.maintainer)
    const second = commit()
    const last = stage.people.pushTo(pull.number, stage.maintainer, second)
    await stage.deliver(last)
    await stage.deliver(first)
    expect(await stage.pullRow(pull.number)).toMatchObject({ headSha: second })
  })

  test('another base branch voids approvals and sends the item back to review', async () => {
    const { stage, item, pull } = await withPull('approved')
    await stage.deliver(stage.people.review(pull.number, 'approved', stage.maintainer))
    await stage.deliver(stage.people.retarget(pull.number, 'release', stage.outsider))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing', baseBranch: 'main' })
    expect(await stage.pullRow(pull.number)).toMatchObject({ baseBranch: 'release', mergeSha: null })
    expect(await states(stage, pull.id)).toEqual(['dismissed'])
  })

  test('pull requests of others, and of forks with a branch name like ours, are nothing to us', async () => {
    const { stage, item } = await withPull()
    const other = stage.people.openPull('their-branch', commit(), stage.outsider)
    expect((await stage.deliver(stage.people.closePull(other.number, stage.outsider))).state).toBe('ignored')
    const fork = stage.people.openPull(item.branch, commit(), stage.github.self)
    fork.headRepository = 'outsider/fork'
    expect((await stage.deliver(stage.people.mergePull(fork.number, stage.outsider))).state).toBe('ignored')
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'reviewing' })
  })

  test('our pull request may be heard of before we noted that it is open', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('checking')
    const pull = stage.people.openPull(item.branch, commit())
    await stage.deliver(stage.people.review(pull.number, 'changes_requested', stage.maintainer))
    expect(await stage.pullRow(pull.number)).toMatchObject({ workItemId: item.id })
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })
  })

  test('a check that ended asks for the merge again where one is wanted; a failure is recorded', async () => {
    const { stage, item, pull } = await withPull('approved')
    const check = (conclusion: string, appId = 1, sha = pull.headSha) =>
      stage.people.hook('check_run', 'completed', stage.outsider, {
        check_run: {
          id: Math.round(Math.random() * 1e9),
          name: 'build',
          head_sha: sha,
          conclusion,
          app: { id: appId },
        },
      })
    expect((await stage.deliver(check('success'))).note).toBe('noted')
    expect(await stage.jobs('merge-pull-request', 'pullRequestId', pull.id)).toBe(0)
    await stage.withSettings({ merge: { when: 'approved', method: 'squash', approvals: 1, queue: true, batch: 16 } })
    expect((await stage.deliver(check('success', stage.github.app.id))).state).toBe('ignored')
    expect((await stage.deliver(check('success', 1, commit()))).state).toBe('ignored')
    expect(await stage.jobs('merge-pull-request', 'pullRequestId', pull.id)).toBe(0)
    await stage.deliver(check('success'))
    expect(await stage.jobs('merge-pull-request', 'pullRequestId', pull.id)).toBe(1)
    await stage.deliver(check('failure'))
    const entries = await latestEntries(stage.store.db, item.repositoryId, 3)
    expect(entries[0]).toMatchObject({ what: 'check failed', detail: { check: 'build', pull: pull.number } })
  })
})
