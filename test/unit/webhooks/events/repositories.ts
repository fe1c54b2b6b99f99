/** The app comes and goes, repositories are renamed, branches move and vanish. */

import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { addRun, liveRun } from '../../../../src/db/runs.ts'
import { repositories } from '../../../../src/db/schema/repositories.ts'
import { workItems } from '../../../../src/db/schema/work-items.ts'
import { sha } from '../../../../src/lib/ids.ts'
import type { Hook } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('repositories', () => {
  const gone: [string, (stage: Stage) => Hook][] = [
    [
      'uninstalled',
      ({ people, maintainer }) => people.hook('installation', 'deleted', maintainer, { repository: undefined }),
    ],
    ['suspended', ({ people, maintainer }) => people.hook('installation', 'suspend', maintainer, {})],
    [
      'taken out of the installation',
      ({ repository, people, maintainer }) =>
        people.hook('installation_repositories', 'removed', maintainer, {
          repositories_removed: [{ id: repository.facts.githubId }],
        }),
    ],
    ['archived', ({ people, maintainer }) => people.hook('repository', 'archived', maintainer, {})],
    ['deleted', ({ people, maintainer }) => people.hook('repository', 'deleted', maintainer, {})],
    ['transferred', ({ people, maintainer }) => people.hook('repository', 'transferred', maintainer, {})],
  ]

  for (const [how, hook] of gone) {
    test(`${how}: agents are asked to stop, nothing is tried again`, async () => {
      const stage = await Stage.open()
      const running = await stage.issueIn('running')
      const waiting = await stage.issueIn('ready')
      const done = await stage.issueIn('skipped')
      await stage.store.transaction((tx) => addRun(tx, running.id, { agent: 'x', feedback: '', cleanWorktree: false }))
      expect(await stage.deliver(hook(stage))).toMatchObject({ state: 'done' })
      expect((await stage.repo()).state).toBe('gone')
      for (const item of [running, waiting]) expect((await stage.item(item.issueNumber)).state).toBe('held')
      expect((await stage.item(done.issueNumber)).state).toBe('skipped')
      expect((await liveRun(stage.store.db, running.id))?.stop).toBeTruthy()

      // Late news from before must not bring it back to life.
      await stage.deliver(stage.people.comment(waiting.issueNumber, 'hello', stage.maintainer))
      expect((await stage.repo()).state).toBe('gone')
    })
  }

  test('an installation brings repositories, and brings one back', async () => {
    const stage = await Stage.open()
    const other = stage.github.add()
    const item = await stage.issueIn('ready')
    await stage.deliver(stage.people.hook('installation', 'suspend', stage.maintainer, {}))
    const row = await stage.deliver(stage.people.hook('installation', 'unsuspend', stage.maintainer, {}))
    expect(row.note).toBe('2 repositories installed')
    expect((await stage.repo()).state).toBe('active')
    const [added] = await stage.store.db
      .select()
      .from(repositories)
      .where(eq(repositories.githubId, other.facts.githubId))
    expect(added?.state).toBe('active')
    // A person says when it goes on.
    expect((await stage.item(item.issueNumber)).state).toBe('held')
  })

  test('a renamed repository keeps its items, and a paused one stays paused', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.store.db.update(repositories).set({ state: 'paused' }).where(eq(repositories.id, item.repositoryId))
    const before = stage.repository.facts.fullName
    stage.repository.facts.fullName = `${before}-new`
    const changes = { changes: { repository: { name: { from: before.split('/')[1] } } } }
    await stage.deliver(stage.people.hook('repository', 'renamed', stage.maintainer, changes))
    expect(await stage.repo()).toMatchObject({ fullName: `${before}-new`, state: 'paused', id: item.repositoryId })
  })

  test('a push to a base branch makes our copy stale; other branches and tags do not', async () => {
    const stage = await Stage.open()
    await stage.withSettings({ branches: { base: 'develop', prefix: 'module/', update: 'merge' } })
    const push = (ref: string) =>
      stage.people.hook('push', undefined, stage.maintainer, { ref, after: 'a'.repeat(40), deleted: false })
    for (const [ref, stale] of [
      ['refs/heads/topic', false],
      ['refs/tags/main', false],
      ['refs/heads/main', true],
      ['refs/heads/develop', true],
    ] as const) {
      await stage.store.db
        .update(repositories)
        .set({ remoteRevision: 1, fetchedRevision: 1 })
        .where(eq(repositories.githubId, stage.repository.facts.githubId))
      await stage.deliver(push(ref))
      const { remoteRevision, fetchedRevision } = await stage.repo()
      expect(remoteRevision > fetchedRevision, ref).toBe(stale)
    }
  })

  test('a deleted base branch holds what was going there, once', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.store.db.update(workItems).set({ baseBranch: 'develop' }).where(eq(workItems.id, item.id))
    const deleted = stage.people.hook('delete', undefined, stage.maintainer, { ref: 'develop', ref_type: 'branch' })
    await stage.deliver(deleted)
    expect(await stage.item(item.issueNumber)).toMatchObject({
      state: 'held',
      reason: expect.stringContaining('The base branch `develop` was deleted'),
    })
    const zero = '0'.repeat(40)
    const push = stage.people.hook('push', undefined, stage.maintainer, {
      ref: 'refs/heads/develop',
      after: zero,
      deleted: true,
    })
    await stage.deliver(push)
    expect((await stage.item(item.issueNumber)).state).toBe('held')
    const tag = stage.people.hook('delete', undefined, stage.maintainer, { ref: 'develop', ref_type: 'tag' })
    expect((await stage.deliver(tag)).state).toBe('ignored')
  })

  describe('the default branch gets another name', () => {
    async function renamed() {
      const stage = await Stage.open()
      const [early, open] = [await stage.issueIn('ready'), await stage.issueIn('reviewing')]
      const pull = await stage.pullOf(open, sha('a'.repeat(40)))
      const bases = async () => [
        (await stage.item(early.issueNumber)).baseBranch,
        (await stage.item(open.issueNumber)).baseBranch,
        (await stage.pullRow(pull.number))?.baseBranch,
      ]
      const deleted = stage.people.hook('delete', undefined, stage.maintainer, { ref: 'main', ref_type: 'branch' })
      // This event was made before GitHub had the new name.
      const before = structuredClone(deleted)
      stage.repository.facts.defaultBranch = 'trunk'
      const edited = stage.people.hook('repository', 'edited', stage.maintainer, {
        changes: { default_branch: { from: 'main' } },
      })
      const events = {
        deleted: () => stage.deliver(before),
        edited: () => stage.deliver(edited),
        retargeted: () => stage.deliver(stage.people.retarget(pull.number, 'trunk', stage.maintainer)),
      }
      return { stage, early, open, bases, events }
    }

    test.each([
      ['deleted', 'edited', 'retargeted'],
      ['retargeted', 'deleted', 'edited'],
      ['edited', 'retargeted', 'deleted'],
      ['edited', 'deleted', 'retargeted'],
    ] as const)('%s, %s, %s: the items and the pull request follow, nothing is held', async (...order) => {
      const { stage, early, open, bases, events } = await renamed()
      for (const event of order) await events[event]()
      expect(await bases()).toEqual(['trunk', 'trunk', 'trunk'])
      expect((await stage.item(early.issueNumber)).state).toBe('ready')
      expect((await stage.item(open.issueNumber)).state).toBe('reviewing')
    })
  })
})
