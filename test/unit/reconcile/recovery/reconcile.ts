/** What no webhook has reported is found. */

import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { setDependencies } from '../../../../src/db/dependencies.ts'
import { repositoryByGithubId } from '../../../../src/db/repositories.ts'
import { settingsOf } from '../../../../src/db/repository-settings.ts'
import { waitingComments } from '../../../../src/db/review-comments.ts'
import { approvals } from '../../../../src/db/schema/pull-requests.ts'
import { repositories } from '../../../../src/db/schema/repositories.ts'
import { dependencies } from '../../../../src/db/schema/work-items.ts'
import { RetryAfter } from '../../../../src/lib/errors.ts'
import { Problems } from '../../../../src/reconcile/problems.ts'
import { reconcile } from '../../../../src/reconcile/reconcile.ts'
import { commit, type FakeRepository, person } from '../../../support/fake-github.ts'
import { Stage, theStore } from '../../../support/webhook-stage.ts'

describe('reconcile', () => {
  beforeEach(async () => {
    // Each test has a GitHub of its own: the repositories of the others are not on it.
    await theStore().db.update(repositories).set({ state: 'gone' })
  })

  test('an issue labelled by a writer is queued in their name', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    stage.people.label(issue.number, 'tutti', stage.outsider)
    stage.people.unlabel(issue.number, 'tutti', stage.maintainer)
    stage.people.label(issue.number, 'tutti', stage.maintainer)
    const mended = await reconcile(stage.parts)
    expect(mended).toContain(`${stage.repository.facts.fullName} was added`)
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued', requestedBy: 'maintainer' })
    expect(await reconcile(stage.parts)).toEqual([])
  })

  test('an issue of a maintainer labelled by someone without write access is not', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.maintainer)
    stage.people.label(issue.number, 'tutti', stage.withPermission('helper', 'triage'))
    await reconcile(stage.parts)
    await reconcile(stage.parts)
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    expect(await stage.wanted('comment')).toHaveLength(1)
  })

  test('where the server does not say who labelled, nothing starts, and that is said', async () => {
    const stage = await Stage.open()
    stage.github.lacking.add('issueEvents')
    const issue = stage.people.createIssue(stage.maintainer)
    stage.people.label(issue.number, 'tutti', stage.maintainer)
    await reconcile(stage.parts)
    await reconcile(stage.parts)
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    const comments = await stage.wanted('comment')
    expect(comments).toHaveLength(1)
    expect(comments[0]?.payload.body).toContain('does not say who put it on')
  })

  test('work queued by a command needs no label; a label that was on and is off cancels', async () => {
    const stage = await Stage.open()
    const byCommand = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.comment(byCommand.number, '/queue', stage.maintainer))
    const byLabel = await stage.issueIn('ready')
    stage.people.unlabel(byLabel.issueNumber, 'tutti', stage.maintainer)
    await reconcile(stage.parts)
    expect((await stage.item(byCommand.number)).state).toBe('queued')
    expect((await stage.item(byLabel.issueNumber)).state).toBe('cancelled')
  })

  test('a label put on later whose delivery was lost counts, by whom the history names, and is asked about once', async () => {
    const stage = await Stage.open()
    const [byWriter, byOutsider] = [await stage.issueIn('ready'), await stage.issueIn('ready')]
    stage.people.label(byWriter.issueNumber, 'module:api', stage.maintainer)
    stage.people.label(byWriter.issueNumber, 'effort:XL', stage.maintainer)
    stage.people.label(byOutsider.issueNumber, 'module:web', stage.withPermission('helper', 'triage'))
    await reconcile(stage.parts)
    const branch = `module/api-${byWriter.issueNumber}`
    expect(await stage.item(byWriter.issueNumber)).toMatchObject({ state: 'queued', effort: 'XL', branch })
    expect(await stage.item(byOutsider.issueNumber)).toMatchObject({ state: 'ready', branch: byOutsider.branch })
    const histories = () => stage.github.asked.filter((verb) => verb === 'issueEvents').length
    const before = histories()
    expect(await reconcile(stage.parts)).toEqual([])
    expect(histories()).toBe(before)
  })

  test('a label that was renamed or deleted cancels nothing; a rename is followed', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    stage.people.renameLabel('tutti', 'robots', stage.maintainer)
    await reconcile(stage.parts)
    expect((await stage.item(item.issueNumber)).state).toBe('ready')
    expect(settingsOf(await stage.repo()).label).toBe('robots')
    // Deleted from the repository: no history of an issue says so.
    stage.repository.issues.get(item.issueNumber)?.labels.splice(0)
    await reconcile(stage.parts)
    expect((await stage.item(item.issueNumber)).state).toBe('ready')
  })

  test('what a person has unqueued stays so, although the label is still on', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.deliver(stage.people.comment(item.issueNumber, '/unqueue', stage.maintainer))
    await reconcile(stage.parts)
    expect((await stage.item(item.issueNumber)).state).toBe('cancelled')
  })

  test('closed and deleted issues, merged and closed pull requests, moved heads', async () => {
    const stage = await Stage.open()
    const closed = await stage.issueIn('ready')
    const deleted = await stage.issueIn('ready')
    const merged = await stage.issueIn('reviewing')
    const refused = await stage.issueIn('reviewing')
    const moved = await stage.issueIn('reviewing')
    const pulls = new Map<string, number>()
    for (const [name, item] of Object.entries({ merged, refused, moved })) {
      pulls.set(name, (await stage.pullOf(item, commit())).number)
    }
    stage.people.close(closed.issueNumber, stage.maintainer)
    stage.people.remove(deleted.issueNumber, stage.maintainer)
    stage.people.mergePull(pulls.get('merged') ?? 0, stage.maintainer)
    stage.people.closePull(pulls.get('refused') ?? 0, stage.maintainer)
    const head = commit()
    stage.people.pushTo(pulls.get('moved') ?? 0, stage.maintainer, head)
    await reconcile(stage.parts)
    const state = async (item: { issueNumber: number }) => (await stage.item(item.issueNumber)).state
    expect([await state(closed), await state(deleted), await state(merged), await state(refused)]).toEqual([
      'cancelled',
      'cancelled',
      'done',
      'held',
    ])
    expect(await stage.item(moved.issueNumber)).toMatchObject({ state: 'checking', headSha: head })
    expect(await reconcile(stage.parts)).toEqual([])
  })

  test('reviews that were missed are taken, dismissals too', async () => {
    const stage = await Stage.open()
    const wanting = await stage.issueIn('reviewing')
    const first = await stage.pullOf(wanting, commit())
    stage.people.review(first.number, 'changes_requested', stage.maintainer)
    const fine = await stage.issueIn('reviewing')
    const second = await stage.pullOf(fine, commit())
    const approval = stage.people.review(second.number, 'approved', stage.maintainer)
    await stage.deliver(approval)
    stage.people.dismiss(second.number, approval.reviewId, stage.maintainer)
    await reconcile(stage.parts)
    expect((await stage.item(wanting.issueNumber)).state).toBe('ready')
    const rows = await stage.store.db.select().from(approvals).where(eq(approvals.pullRequestId, second.id))
    expect(rows).toMatchObject([{ state: 'dismissed' }])
  })

  test('a blocker closed without a webhook, in another repository too, lets go', async () => {
    const stage = await Stage.open()
    const waiting = await stage.issueIn('ready')
    const other = stage.github.add()
    const [near, far] = [stage.people.createIssue(stage.outsider), { ...stage.people.createIssue(stage.outsider) }]
    other.issues.set(9, { ...far, number: 9, state: 'closed' })
    near.state = 'closed'
    const edges = [
      { repository: stage.repository.facts.fullName, issueNumber: near.number, blocker: 'open' as const },
      { repository: other.facts.fullName, issueNumber: 9, blocker: 'open' as const },
      { repository: 'nobody/knows', issueNumber: 1, blocker: 'open' as const },
    ]
    await stage.store.transaction((tx) => setDependencies(tx, waiting, 'body', edges))
    await reconcile(stage.parts)
    const rows = await stage.store.db.select().from(dependencies).where(eq(dependencies.dependentId, waiting.id))
    expect(rows.map((row) => row.blocker).sort()).toEqual(['closed', 'closed', 'open'])
  })

  test('a repository that the app has lost is retired, one that it has again comes back', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('running')
    const [lost] = stage.github.repositories.splice(0, 1)
    await reconcile(stage.parts)
    expect((await stage.repo()).state).toBe('gone')
    expect((await stage.item(item.issueNumber)).state).toBe('held')
    if (lost) stage.github.repositories.push(lost)
    await reconcile(stage.parts)
    expect((await stage.repo()).state).toBe('active')
  })

  test('an installation that cannot be read keeps its repositories, and the rest is compared', async () => {
    const stage = await Stage.open()
    const hidden = stage.github.add()
    await reconcile(stage.parts)
    stage.github.unread.push({ installationId: hidden.facts.installationId, error: new Error('404') })
    const [lost] = stage.github.repositories.splice(0, 1)
    await reconcile(stage.parts)
    const states = async (...of: (FakeRepository | undefined)[]) =>
      Promise.all(of.map(async (one) => (await repositoryByGithubId(stage.store.db, one?.facts.githubId ?? 0))?.state))
    expect(await states(lost, hidden)).toEqual(['gone', 'active'])
  })

  test.each(['installedRepositories', 'issuesLabelled', 'openPulls'])(
    '%s fails for one repository: the rest goes on, it is said once, and said when it is over',
    async (verb) => {
      const stage = await Stage.open()
      const item = await stage.issueIn('reviewing')
      const pull = await stage.pullOf(item, commit())
      await reconcile(stage.parts)
      const lines: { msg: string; step?: string }[] = []
      const problems = new Problems(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }))
      for (const message of ['403', '403', '451', '451']) {
        stage.github.failing.set(verb, new Error(message))
        await reconcile(stage.parts, problems)
      }
      // What it does not need is done all the same.
      stage.people.mergePull(pull.number, stage.maintainer)
      await reconcile(stage.parts, problems)
      stage.github.failing.clear()
      await reconcile(stage.parts, problems)
      expect((await stage.item(item.issueNumber)).state).toBe('done')
      const step = lines[0]?.step
      expect(lines.map(({ msg }) => msg)).toEqual([
        `${step}: it failed; the rest goes on, and it is tried again`,
        `${step}: it failed; the rest goes on, and it is tried again`,
        `${step}: it works again`,
      ])
    },
  )

  test('one repository that cannot be looked at does not stop the others; a pause asked by GitHub does', async () => {
    const stage = await Stage.open()
    const broken = stage.github.add('acme/broken')
    const issue = stage.people.createIssue(stage.outsider)
    stage.people.label(issue.number, 'tutti', stage.maintainer)
    const open = stage.github.repository.bind(stage.github)
    stage.github.repository = (repo) => {
      if (repo.fullName === broken.facts.fullName) throw new Error('500')
      return open(repo)
    }
    stage.github.repositories.reverse()
    await reconcile(stage.parts)
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued' })

    const pause = Object.assign(new Error('wrapped'), { cause: new RetryAfter('GitHub asked for a pause', new Date()) })
    stage.github.failing.set('issuesLabelled', pause)
    await expect(reconcile(stage.parts)).rejects.toThrow('GitHub asked for a pause')
  })

  test('rounds that are ended by a pause reach every repository: the one that has waited longest comes first', async () => {
    const stage = await Stage.open()
    for (let more = 0; more < 4; more++) stage.github.add()
    const reached = new Set<string>()
    let inThisRound = new Set<string>()
    const open = stage.github.repository.bind(stage.github)
    stage.github.repository = (repo) => {
      const reader = open(repo)
      const issuesLabelled = async (label: string) => {
        inThisRound.add(repo.fullName)
        if (inThisRound.size > 2) throw new RetryAfter('the budget of this minute is used up', new Date())
        reached.add(repo.fullName)
        return reader.issuesLabelled(label)
      }
      return { ...reader, issuesLabelled }
    }
    const begun = new Date()
    const goOn = () => {
      inThisRound = new Set()
      return reconcile(stage.parts, undefined, begun)
    }
    await expect(goOn()).rejects.toThrow('used up')
    await expect(goOn()).rejects.toThrow('used up')
    // The last one of five: what was compared in this round is not compared again, and the round ends.
    await goOn()
    expect(inThisRound.size).toBe(1)
    const names = stage.github.repositories.map(({ facts }) => facts.fullName)
    expect([...reached].toSorted()).toEqual(names.toSorted())
  })

  describe('comments that no webhook brought', () => {
    /** A repository that was looked through before; everything that people say there is an hour old. */
    async function watched(): Promise<Stage> {
      const stage = await Stage.open()
      await stage.withSettings()
      stage.people.createIssue(stage.outsider)
      await reconcile(stage.parts)
      await theStore()
        .db.update(repositories)
        .set({ commentsReadAt: new Date(Date.now() - 7_200_000) })
        .where(eq(repositories.githubId, stage.repository.facts.githubId))
      return stage
    }

    test('a command is carried out once, as its writer may', async () => {
      const stage = await watched()
      stage.people.comment(1, '/queue', stage.outsider)
      stage.people.comment(1, '/queue', stage.maintainer)
      expect(await reconcile(stage.parts)).toEqual([`${stage.repository.facts.fullName}#1: /queue: done`])
      expect(await stage.item(1)).toMatchObject({ state: 'queued', requestedBy: 'maintainer' })
      expect(await stage.wanted('reaction')).toHaveLength(2)
      expect(await reconcile(stage.parts)).toEqual([])
    })

    test('one that was heard is not carried out again, and costs no call', async () => {
      const stage = await watched()
      await stage.deliver(stage.people.comment(1, '/queue', stage.maintainer))
      await stage.deliver(stage.people.comment(1, '/unqueue', stage.maintainer))
      stage.github.asked.length = 0
      await reconcile(stage.parts)
      expect(await stage.item(1)).toMatchObject({ state: 'cancelled' })
      expect(stage.github.asked.filter((verb) => verb === 'issue')).toEqual([])
    })

    test('what was edited, what bots and the app say, and what is older than the repository here, commands nothing', async () => {
      const stage = await watched()
      stage.people.comment(1, '/queue', person('helper[bot]', 'Bot'))
      stage.people.comment(1, '/queue', stage.github.self)
      stage.people.comment(1, '/queue', stage.maintainer)
      const edited = stage.repository.comments.at(-1)
      if (edited) edited.updatedAt = new Date(edited.createdAt.getTime() + 60_000)
      await reconcile(stage.parts)
      expect(await stage.maybeItem(1)).toBeUndefined()

      const fresh = await Stage.open()
      fresh.people.createIssue(fresh.outsider)
      fresh.people.comment(1, '/queue', fresh.maintainer)
      await reconcile(fresh.parts)
      await reconcile(fresh.parts)
      expect(await fresh.maybeItem(1)).toBeUndefined()
    })

    test('one that its webhook may still bring is left for the next time', async () => {
      const stage = await watched()
      stage.github.now = new Date(Date.now() - 5_000)
      stage.people.comment(1, '/queue', stage.maintainer)
      await reconcile(stage.parts)
      expect(await stage.maybeItem(1)).toBeUndefined()
      const later = stage.repository.comments.at(-1)
      if (later) later.createdAt = later.updatedAt = new Date(Date.now() - 70_000)
      await reconcile(stage.parts)
      expect(await stage.item(1)).toMatchObject({ state: 'queued' })
    })

    test('a comment below a pull request waits for the next round', async () => {
      const stage = await watched()
      const pull = await stage.pullOf(await stage.issueIn('reviewing'), commit())
      stage.people.comment(pull.number, 'Please name it better', stage.maintainer)
      await reconcile(stage.parts)
      expect(await waitingComments(stage.store.db, pull.id)).toMatchObject([{ body: 'Please name it better' }])
    })
  })
})
