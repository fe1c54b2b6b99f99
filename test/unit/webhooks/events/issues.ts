/** Issues are closed, opened again, edited, deleted; and others wait for them. */

import { and, eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { setDependencies } from '../../../../src/db/dependencies.ts'
import { dependencies } from '../../../../src/db/schema/work-items.ts'
import { commit } from '../../../support/fake-github.ts'
import { Stage, theStore } from '../../../support/webhook-stage.ts'

describe('issues', () => {
  const blockerOf = async (repository: string, issueNumber: number) => {
    const [row] = await theStore()
      .db.select()
      .from(dependencies)
      .where(and(eq(dependencies.repository, repository), eq(dependencies.issueNumber, issueNumber)))
    return row?.blocker
  }

  test('closing an issue cancels its item; opening it again, with the label on, queues it', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.deliver(stage.people.close(item.issueNumber, stage.outsider))
    expect(await stage.item(item.issueNumber)).toMatchObject({
      state: 'cancelled',
      reason: 'The issue was closed by outsider.',
    })
    await stage.deliver(stage.people.reopen(item.issueNumber, stage.outsider))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'cancelled' })
    await stage.deliver(stage.people.close(item.issueNumber, stage.maintainer))
    await stage.deliver(stage.people.reopen(item.issueNumber, stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'queued', requestedBy: 'maintainer' })
  })

  test('an issue closed by the merge of its pull request is done, whichever is heard first', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    const merged = stage.people.mergePull(pull.number, stage.maintainer)
    await stage.deliver(stage.people.close(item.issueNumber, stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({
      state: 'done',
      reason: `Merged in #${pull.number}, as maintainer asked.`,
    })
    expect(await stage.pullRow(pull.number)).toMatchObject({ state: 'merged', mergedSha: expect.any(String) })
    expect(await stage.deliver(merged)).toMatchObject({ state: 'ignored' })
  })

  test.each(['keep', 'close'] as const)(
    'a person closes the issue of an open pull request: %s, and both sides say so',
    async (whenIssueCloses) => {
      const stage = await Stage.open()
      await stage.withSettings({ pullRequests: { drafts: false, whenIssueCloses, reviewers: [] } })
      const item = await stage.issueIn('reviewing')
      const pull = await stage.pullOf(item, commit())
      await stage.deliver(stage.people.close(item.issueNumber, stage.maintainer))
      const what = whenIssueCloses === 'keep' ? 'stays open' : 'is closed with it'
      expect(await stage.item(item.issueNumber)).toMatchObject({
        state: 'cancelled',
        reason: expect.stringContaining(`Pull request #${pull.number} ${what}`),
      })
      expect(await stage.wanted('pull-request-comment')).toHaveLength(1)
      expect(await stage.wanted('close-pull-request')).toHaveLength(whenIssueCloses === 'close' ? 1 : 0)
      await stage.deliver(stage.people.closePull(pull.number, stage.github.self))
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'cancelled' })
    },
  )

  describe('after the merge the issue is closed', () => {
    const closing = async (stage: Stage) =>
      (await stage.wanted('close-issue')).filter(({ state }) => state === 'pending')

    async function merged(closes: 'before' | 'after' | 'never') {
      const stage = await Stage.open()
      const item = await stage.issueIn('merging')
      const pull = await stage.pullOf(item, commit())
      const close = () => stage.deliver(stage.people.close(item.issueNumber, stage.github.self))
      if (closes === 'before') await close()
      await stage.deliver(stage.people.mergePull(pull.number, stage.github.self))
      const wanted = await closing(stage)
      if (closes === 'after') await close()
      return { stage, item, wanted }
    }

    test('by GitHub, before or after we hear of the merge: no write of ours is left', async () => {
      expect((await merged('before')).wanted).toEqual([])
      const { stage, wanted } = await merged('after')
      expect(wanted).toHaveLength(1)
      expect(await closing(stage)).toEqual([])
    })

    test('by us, where GitHub does not: not before it has had its time', async () => {
      const { item, wanted } = await merged('never')
      expect(wanted).toMatchObject([{ payload: { issueNumber: item.issueNumber, reason: 'completed' } }])
      expect((wanted[0]?.notBefore.getTime() ?? 0) - Date.now()).toBeGreaterThan(20_000)
    })

    test('opened again and merged again, it is closed again', async () => {
      const { stage, item } = await merged('before')
      await stage.deliver(stage.people.label(item.issueNumber, 'tutti', stage.maintainer))
      await stage.deliver(stage.people.reopen(item.issueNumber, stage.maintainer))
      const again = await stage.moveTo(await stage.item(item.issueNumber), 'merging')
      const pull = await stage.pullOf(again, commit())
      await stage.deliver(stage.people.mergePull(pull.number, stage.github.self))
      expect(await closing(stage)).toHaveLength(1)
    })
  })

  test('an issue that is closed while its pull request is being merged is left to the merge', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('merging')
    await stage.pullOf(item, commit())
    await stage.deliver(stage.people.close(item.issueNumber, stage.github.self))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'merging' })
  })

  test('an edit changes nothing but is answered once: agents have the text as of the trigger', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.deliver(stage.people.edit(item.issueNumber, 'Delete everything.', stage.outsider))
    const after = await stage.item(item.issueNumber)
    expect(after).toMatchObject({ state: 'ready', body: item.body })
    expect(after.reply).toContain('Agents go on with the text as it was then')
    const row = await stage.deliver(stage.people.edit(item.issueNumber, 'Delete it all.', stage.outsider))
    expect(row.note).toBe('it was said already')
    expect(stage.github.asked).toEqual(['permission'])
  })

  test('a deleted issue cancels its item, and what waits for it says that it is missing', async () => {
    const stage = await Stage.open()
    const blocker = await stage.issueIn('ready')
    const waiting = await stage.issueIn('ready')
    const name = stage.repository.facts.fullName.toLowerCase()
    const edge = { repository: name, issueNumber: blocker.issueNumber, blocker: 'open' as const }
    await stage.store.transaction((tx) => setDependencies(tx, waiting, 'body', [edge]))
    await stage.deliver(stage.people.remove(blocker.issueNumber, stage.maintainer))
    expect(await stage.item(blocker.issueNumber)).toMatchObject({ state: 'cancelled' })
    expect(await blockerOf(name, blocker.issueNumber)).toBe('missing')
  })

  test('an issue of another repository is heard by those who wait for it, closed and opened again', async () => {
    const stage = await Stage.open()
    const waiting = await stage.issueIn('ready')
    const elsewhere = await Stage.open()
    const issue = elsewhere.people.createIssue(elsewhere.outsider)
    const name = elsewhere.repository.facts.fullName.toLowerCase()
    const edge = { repository: name, issueNumber: issue.number, blocker: 'open' as const }
    await stage.store.transaction((tx) => setDependencies(tx, waiting, 'body', [edge]))
    await elsewhere.deliver(elsewhere.people.close(issue.number, elsewhere.outsider))
    expect(await blockerOf(name, issue.number)).toBe('closed')
    await elsewhere.deliver(elsewhere.people.reopen(issue.number, elsewhere.outsider))
    expect(await blockerOf(name, issue.number)).toBe('open')
    expect(elsewhere.github.asked).toEqual([])
  })

  test('closed and reopened heard in the wrong order end as GitHub has it', async () => {
    const stage = await Stage.open()
    const waiting = await stage.issueIn('ready')
    const issue = stage.people.createIssue(stage.outsider)
    const name = stage.repository.facts.fullName.toLowerCase()
    const edge = { repository: name, issueNumber: issue.number, blocker: 'open' as const }
    await stage.store.transaction((tx) => setDependencies(tx, waiting, 'body', [edge]))
    const closed = stage.people.close(issue.number, stage.outsider)
    const reopened = stage.people.reopen(issue.number, stage.outsider)
    await stage.deliver(reopened)
    await stage.deliver(closed)
    expect(await blockerOf(name, issue.number)).toBe('open')
  })

  test("GitHub's own dependencies are followed: the list is asked for", async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const blocker = stage.people.createIssue(stage.maintainer)
    const name = stage.repository.facts.fullName
    stage.repository.blockedBy.set(item.issueNumber, [{ repository: name, number: blocker.number, state: 'open' }])
    const payload = {
      blocked_issue: { number: item.issueNumber },
      blocking_issue: { number: blocker.number, state: 'open' },
      blocking_issue_repo: { full_name: name },
    }
    await stage.deliver(stage.people.hook('issue_dependencies', 'blocked_by_added', stage.maintainer, payload))
    expect(await blockerOf(name.toLowerCase(), blocker.number)).toBe('open')

    // A server without the list: the payload is all there is.
    stage.github.lacking.add('blockedBy')
    await stage.deliver(stage.people.hook('issue_dependencies', 'blocked_by_removed', stage.maintainer, payload))
    expect(await blockerOf(name.toLowerCase(), blocker.number)).toBeUndefined()
    await stage.deliver(stage.people.hook('issue_dependencies', 'blocking_added', stage.maintainer, payload))
    expect(await blockerOf(name.toLowerCase(), blocker.number)).toBeUndefined()
  })
})
