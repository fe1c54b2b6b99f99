/** Labels queue work: whose word counts, and what follows. */

import { describe, expect, test } from 'vitest'
import { addRun, liveRun, runsOf } from '../../../../src/db/runs.ts'
import { person } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('labels', () => {
  test('a label by someone with write access queues the issue, for one API read', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider, { body: 'As it was.', labels: ['priority:1', 'effort:L'] })
    const row = await stage.deliver(stage.people.label(issue.number, 'tutti', stage.maintainer))
    expect(row).toMatchObject({ state: 'done', note: 'queued' })
    expect(await stage.item(issue.number)).toMatchObject({
      state: 'queued',
      title: issue.title,
      body: 'As it was.',
      requestedBy: 'maintainer',
      requestedById: stage.maintainer.id,
      priority: 1,
      effort: 'L',
      nativeBlockers: 0,
      branch: `module/issue-${issue.number}`,
      baseBranch: 'main',
    })
    expect(stage.github.asked).toEqual(['permission'])
  })

  test('the log of a step holds no text of the issue', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.maintainer, { body: 'A whole page.' })
    await stage.deliver(stage.people.label(issue.number, 'tutti', stage.maintainer))
    const seen: object[] = []
    stage.store.watch((event) => {
      if (event.repositoryId === item.repositoryId) seen.push(event)
    })
    const item = await stage.item(issue.number)
    await stage.moveTo(item, 'ready')
    const { repositoryId, issueNumber } = item
    expect(seen).toEqual([
      { repositoryId, issueNumber, from: 'queued', to: 'ready', actor: 'tutti', why: 'as the test has it' },
    ])
  })

  for (const permission of ['triage', 'read', undefined] as const) {
    test(`a label by someone with ${permission ?? 'no'} access is ignored, and said once`, async () => {
      const stage = await Stage.open()
      const stranger = permission ? stage.withPermission('someone', permission) : stage.outsider
      const issue = stage.people.createIssue(stranger)
      const row = await stage.deliver(stage.people.label(issue.number, 'tutti', stranger))
      expect(row.state).toBe('ignored')
      stage.people.unlabel(issue.number, 'tutti', stranger)
      await stage.deliver(stage.people.label(issue.number, 'tutti', person('someone-else')))
      expect(await stage.maybeItem(issue.number)).toBeUndefined()
      const comments = await stage.wanted('comment')
      expect(comments).toMatchObject([{ revision: 1 }])
      expect(comments[0]?.payload.body).toContain('A maintainer can put it on again or say `/queue`')
    })
  }

  test('a bot with write access counts for nothing, and is not even asked about', async () => {
    const stage = await Stage.open()
    const bot = person('labeler[bot]', 'Bot')
    stage.repository.permissions.set(bot.id, 'write')
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(issue.number, 'tutti', bot))
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    expect(stage.github.asked).toEqual([])
    expect((await stage.wanted('comment'))[0]?.payload.body).toContain('is a bot')
  })

  test('a person whose login now belongs to someone else has no permission', async () => {
    const stage = await Stage.open()
    const impostor = { ...stage.maintainer, id: stage.maintainer.id + 1_000_000 }
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(issue.number, 'tutti', impostor))
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
  })

  test('when GitHub cannot be asked nothing starts; the last attempt tells it', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const hook = stage.people.label(issue.number, 'tutti', stage.maintainer)
    stage.github.failing.set('permission', new Error('502'))
    await expect(stage.deliver(hook, { deliveryId: `perm-${issue.author.id}` })).rejects.toThrow('could not be asked')
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    await expect(stage.repo()).rejects.toThrow('there is no system')
    const row = await stage.deliver(hook, { deliveryId: `perm-${issue.author.id}`, last: true })
    expect(row.state).toBe('failed')
    expect((await stage.wanted('comment'))[0]?.payload.body).toContain('nothing was done')
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
  })

  test('a retry after an error acts', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const hook = stage.people.label(issue.number, 'tutti', stage.maintainer)
    stage.github.failing.set('permission', new Error('502'))
    const deliveryId = `again-${issue.author.id}`
    await expect(stage.deliver(hook, { deliveryId })).rejects.toThrow()
    stage.github.failing.clear()
    expect(await stage.deliver(hook, { deliveryId })).toMatchObject({ state: 'done' })
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued' })
  })

  test('the same delivery twice, and the same event under two ids, act once', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const hook = stage.people.label(issue.number, 'tutti', stage.maintainer)
    await stage.deliver(hook, { deliveryId: `twice-${issue.author.id}` })
    await stage.deliver(hook, { deliveryId: `twice-${issue.author.id}` })
    const again = await stage.deliver(hook)
    expect(again).toMatchObject({ state: 'ignored', note: 'the same event came under another delivery id' })
    expect(stage.github.asked).toEqual(['permission'])
  })

  test('an event that was signed long ago does nothing', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    stage.github.now = new Date(Date.now() - 365 * 24 * 3_600_000)
    const row = await stage.deliver(stage.people.label(issue.number, 'tutti', stage.maintainer))
    expect(row.state).toBe('ignored')
    expect(row.note).toContain('too long before it was delivered')
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
  })

  test('the configured label counts, whatever its case, and the default one does not', async () => {
    const stage = await Stage.open()
    await stage.withSettings({ label: 'Roadmap' })
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(issue.number, 'tutti', stage.maintainer))
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    await stage.deliver(stage.people.label(issue.number, 'roadmap', stage.maintainer))
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued' })
  })

  test('the label on a pull request does nothing, and is explained once', async () => {
    const stage = await Stage.open()
    const pull = stage.people.createIssue(stage.outsider, { isPullRequest: true })
    await stage.deliver(stage.people.label(pull.number, 'tutti', stage.maintainer))
    expect(await stage.maybeItem(pull.number)).toBeUndefined()
    expect((await stage.wanted('comment'))[0]?.payload.body).toContain('on a pull request it does nothing')
    expect(stage.github.asked).toEqual([])
  })

  test('taking the label off cancels the item and stops its agent; putting it on again queues it with the new text', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('running')
    const run = await stage.store.transaction((tx) =>
      addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false }),
    )
    await stage.deliver(stage.people.unlabel(item.issueNumber, 'tutti', stage.withPermission('helper', 'triage')))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'cancelled' })
    expect(await liveRun(stage.store.db, item.id)).toMatchObject({
      id: run.id,
      stop: expect.stringContaining('removed the label'),
    })

    await stage.deliver(stage.people.edit(item.issueNumber, 'Better words.', stage.maintainer))
    await stage.deliver(stage.people.label(item.issueNumber, 'tutti', stage.maintainer))
    const again = await stage.item(item.issueNumber)
    expect(again).toMatchObject({ state: 'queued', body: 'Better words.', freshSince: run.id })
    expect(await runsOf(stage.store.db, item.id)).toHaveLength(1)
  })

  for (const state of ['skipped', 'cancelled', 'done', 'held'] as const) {
    test(`a label queues an item again that is ${state}`, async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn(state)
      await stage.deliver(stage.people.label(item.issueNumber, 'tutti', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'queued' })
    })
  }

  test('effort and priority labels of people with write access change the item; those of others do not', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const { number } = { number: item.issueNumber }
    await stage.deliver(stage.people.label(number, 'priority:0', stage.withPermission('helper', 'triage')))
    expect(await stage.item(number)).toMatchObject({ priority: 2 })
    stage.people.unlabel(number, 'priority:0', stage.maintainer)
    const reads = stage.github.calls.reads
    await stage.deliver(stage.people.label(number, 'effort:S', stage.maintainer))
    await stage.deliver(stage.people.label(number, 'question', stage.outsider))
    expect(stage.github.calls.reads - reads).toBe(1)
    expect(await stage.item(number)).toMatchObject({ priority: 2, effort: 'S', state: 'ready' })
  })

  test('a renamed label stays the label: its items go on, and it queues under its new name', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const row = await stage.deliver(stage.people.renameLabel('tutti', 'robots', stage.maintainer))
    expect(row).toMatchObject({ state: 'done', note: 'the label that queues is called robots now' })
    // Another event shows the issue with its present labels.
    await stage.deliver(stage.people.label(item.issueNumber, 'question', stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })

    const next = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(next.number, 'robots', stage.maintainer))
    expect(await stage.item(next.number)).toMatchObject({ state: 'queued' })
    await stage.deliver(stage.people.unlabel(item.issueNumber, 'robots', stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'cancelled' })
  })

  test('a rename that was not reported is seen by the id of the label', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    stage.people.renameLabel('tutti', 'robots', stage.maintainer)
    const next = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(next.number, 'robots', stage.maintainer))
    expect(await stage.item(next.number)).toMatchObject({ state: 'queued' })
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })
  })

  test('a new label under the name in the settings counts, after the old one was renamed away', async () => {
    const stage = await Stage.open()
    await stage.issueIn('ready')
    await stage.deliver(stage.people.renameLabel('tutti', 'robots', stage.maintainer))
    const next = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(next.number, 'tutti', stage.maintainer))
    expect(await stage.item(next.number)).toMatchObject({ state: 'queued' })
  })

  describe('labels put on after the one that queues', () => {
    test('a module counts as if it had been there: the branch, the footprint and the agent follow it', async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn('ready')
      await stage.deliver(stage.people.label(item.issueNumber, 'module:api', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({
        ...{ state: 'queued', module: `api-${item.issueNumber}`, branch: `module/api-${item.issueNumber}` },
        labels: ['tutti', 'module:api'],
      })
    })

    test('a loop counts, and one that does not exist holds what waits to be tried again', async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn('ready')
      await stage.deliver(stage.people.label(item.issueNumber, 'loop:docs', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'queued', loop: 'docs' })
      const tried = await stage.issueIn('ready')
      await stage.store.transaction((tx) =>
        addRun(tx, tried.id, { agent: 'scripted', feedback: '', cleanWorktree: false }),
      )
      await stage.deliver(stage.people.label(tried.issueNumber, 'loop:docs', stage.maintainer))
      const held = await stage.item(tried.issueNumber)
      expect(held).toMatchObject({ state: 'held', loop: 'docs', module: tried.module })
      expect(held.reason).toContain('There is no loop `docs`')
    })

    test('a large effort has what waits to start prepared once more; a small one does not', async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn('ready')
      await stage.deliver(stage.people.label(item.issueNumber, 'effort:M', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready', effort: 'M' })
      stage.people.unlabel(item.issueNumber, 'effort:M', stage.maintainer)
      await stage.deliver(stage.people.label(item.issueNumber, 'effort:XL', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'queued', effort: 'XL' })
    })

    test('a module named after the second agent of it has started ends neither: place and branch stay, and the next attempt has it', async () => {
      const stage = await Stage.open()
      const first = stage.people.createIssue(stage.maintainer, { labels: ['module:api'] })
      await stage.deliver(stage.people.label(first.number, 'tutti', stage.maintainer))
      const one = await stage.moveTo(await stage.item(first.number), 'running')
      const two = await stage.issueIn('running')
      for (const item of [one, two])
        await stage.store.transaction((tx) =>
          addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false }),
        )
      await stage.deliver(stage.people.label(two.issueNumber, 'module:api', stage.maintainer))
      expect(await stage.item(two.issueNumber)).toMatchObject({
        ...{ state: 'running', module: two.module, branch: two.branch, labels: ['tutti', 'module:api'] },
      })
      expect(await liveRun(stage.store.db, two.id)).toMatchObject({ stop: null })
      expect(await liveRun(stage.store.db, one.id)).toMatchObject({ stop: null })
    })

    test('while an agent works they count for the next attempt; those of outsiders never do', async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn('running')
      await stage.deliver(stage.people.label(item.issueNumber, 'module:api', stage.withPermission('helper', 'triage')))
      expect((await stage.item(item.issueNumber)).labels).toEqual(['tutti'])
      await stage.deliver(stage.people.label(item.issueNumber, 'module:web', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'running' })
    })
  })

  test('a repository that is not worked on costs nothing', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.label(issue.number, 'bug', stage.outsider))
    await stage.deliver(stage.people.close(issue.number, stage.outsider))
    await stage.deliver(stage.people.reopen(issue.number, stage.outsider))
    await stage.deliver(stage.people.comment(issue.number, 'hello there', stage.outsider))
    expect(stage.github.asked).toEqual([])
    await expect(stage.repo()).rejects.toThrow('there is no system')
  })
})
