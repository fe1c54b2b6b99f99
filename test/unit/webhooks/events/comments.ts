/** Commands in comments: who may give them, where they act, and that they act once. */

import { describe, expect, test } from 'vitest'
import { latestEntries } from '../../../../src/db/audit-log.ts'
import { commit, person } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('comments', () => {
  test('/queue by a writer queues the issue, with a reaction and an answer, for one API read', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.comment(issue.number, '/queue', stage.maintainer))
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued', reply: expect.stringContaining('Queued') })
    expect((await stage.wanted('reaction')).map((row) => row.payload.content)).toEqual(['+1'])
    expect(await stage.wanted('comment')).toHaveLength(0)
    expect(stage.github.asked).toEqual(['permission'])
  })

  test('a reply that quotes a part of what was said never breaks a character in two', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    for (const before of ['', 'x']) {
      for (const said of [
        `/pause\u00a0all${before}`,
        `/queue ${before}`,
        `/queue --${before}`,
        '/effort ',
        '/depends ',
      ]) {
        const comment = stage.people.comment(item.issueNumber, said + '\u{10000}'.repeat(200), stage.maintainer)
        expect((await stage.deliver(comment)).state, said).toBe('done')
        const { reply } = await stage.item(item.issueNumber)
        expect(reply, said).toContain('\u{10000}')
        expect(reply, said).not.toContain('\ufffd')
      }
    }
  })

  test('talk costs nothing: no permission is asked without a command', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const before = stage.github.calls.reads
    for (const body of ['Thanks!', '> /stop', '```\n/stop\n```', 'see /usr/bin', '/ stop', '']) {
      expect(await stage.deliver(stage.people.comment(item.issueNumber, body, stage.maintainer))).toMatchObject({
        state: 'ignored',
      })
    }
    expect(stage.github.calls.reads).toBe(before)
    expect(await stage.wanted('reaction')).toHaveLength(0)
  })

  test('an edited comment commands nothing', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const row = await stage.deliver(stage.people.comment(item.issueNumber, '/unqueue', stage.maintainer, 'edited'))
    expect(row.state).toBe('ignored')
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })
  })

  for (const [name, permission] of [
    ['a reader', 'read'],
    ['a triager', 'triage'],
    ['someone without access', undefined],
  ] as const) {
    test(`${name} is refused with a sign, and given the reason once per issue`, async () => {
      const stage = await Stage.open()
      const item = await stage.issueIn('ready')
      const stranger = permission ? stage.withPermission('nobody', permission) : stage.outsider
      for (const body of ['/unqueue', '/stop', '/unqeue']) {
        await stage.deliver(stage.people.comment(item.issueNumber, body, stranger))
      }
      expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready', reply: null })
      expect((await stage.wanted('reaction')).map((row) => row.payload.content)).toEqual(Array(3).fill('confused'))
      expect(await stage.wanted('comment')).toHaveLength(1)
      const entries = await latestEntries(stage.store.db, item.repositoryId, 10)
      expect(entries.map((entry) => entry.what)).toContain('refused /unqueue')
    })
  }

  test('bots, our own bot and ghosts are passed over in silence', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const bot = person('other[bot]', 'Bot')
    stage.repository.permissions.set(bot.id, 'admin')
    const ghost = { id: 0, login: 'ghost', type: 'User' as const }
    stage.repository.permissions.set(0, 'admin')
    const before = stage.github.calls.reads
    for (const someone of [bot, stage.github.self, ghost]) {
      await stage.deliver(stage.people.comment(item.issueNumber, '/unqueue', someone))
    }
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'ready' })
    expect(await stage.wanted('reaction')).toHaveLength(0)
    expect(stage.github.calls.reads).toBe(before)
  })

  test('the same comment under two delivery ids, with another body around it, acts once', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    const hook = stage.people.comment(item.issueNumber, '/unqueue', stage.maintainer)
    await stage.deliver(hook)
    await stage.deliver(stage.people.comment(item.issueNumber, '/queue', stage.maintainer))
    const again = await stage.deliver({ event: hook.event, payload: { ...hook.payload, also: 'a repository hook' } })
    expect(again).toMatchObject({ state: 'ignored', note: 'the comment was handled before' })
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'queued' })
  })

  test('a command on a pull request is about its item, by our row or by the branch', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    await stage.deliver(stage.people.comment(pull.number, '/pause', stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state: 'paused' })

    const other = await stage.issueIn('reviewing')
    const unknown = stage.people.openPull(other.branch, commit())
    await stage.deliver(stage.people.comment(unknown.number, '/pause', stage.maintainer))
    expect(await stage.item(other.issueNumber)).toMatchObject({ state: 'paused' })

    const third = await stage.issueIn('reviewing')
    const fork = stage.people.openPull(third.branch, commit(), stage.outsider)
    fork.headRepository = 'outsider/fork'
    await stage.deliver(stage.people.comment(fork.number, '/pause', stage.maintainer))
    expect(await stage.item(third.issueNumber)).toMatchObject({ state: 'reviewing' })
  })

  test.each(['/status', '/help', '/why', '/merge', '/mrege'])(
    '%s on the pull request is answered there, in its one comment; on the issue, on the issue',
    async (line) => {
      const stage = await Stage.open()
      const item = await stage.issueIn('reviewing')
      const pull = await stage.pullOf(item, commit())
      await stage.deliver(stage.people.comment(pull.number, line, stage.maintainer))
      const { reply } = await stage.pullRow(pull.number)
      expect(reply).toBeTruthy()
      expect(await stage.item(item.issueNumber)).toMatchObject({ reply: null })
      expect((await stage.wanted('pull-request-comment')).map((row) => row.payload)).toEqual([
        { issueNumber: pull.number },
      ])
      expect(await stage.wanted('comment')).toHaveLength(0)

      await stage.deliver(stage.people.comment(item.issueNumber, '/help status', stage.maintainer))
      expect(await stage.item(item.issueNumber)).toMatchObject({ reply: expect.stringContaining('/status') })
      expect(await stage.pullRow(pull.number)).toMatchObject({ reply })
      expect(await stage.wanted('pull-request-comment')).toHaveLength(1)
    },
  )

  test('`/merge` in the text of an approving review counts, once, and is answered on the pull request', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    await stage.judged(item, pull.headSha)
    const hook = stage.people.review(pull.number, 'approved', stage.maintainer, { body: 'Reads well.\n\n/Merge' })
    await stage.deliver(hook)
    await stage.deliver({ ...hook, payload: { ...hook.payload, also: 'again' } })
    expect(await stage.pullRow(pull.number)).toMatchObject({
      mergeSha: pull.headSha,
      mergeRequestedBy: stage.maintainer.login,
      reply: expect.stringContaining('I merge #'),
    })
    expect(await stage.wanted('reaction')).toHaveLength(0)
    expect(await stage.wanted('pull-request-comment')).toHaveLength(1)
  })

  test('a command in the review of someone without write access is refused', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    await stage.judged(item, pull.headSha)
    await stage.deliver(stage.people.review(pull.number, 'approved', stage.outsider, { body: '/merge' }))
    expect(await stage.pullRow(pull.number)).toMatchObject({ mergeSha: null })
    expect(await stage.wanted('comment')).toHaveLength(1)
  })

  test('an unknown command is answered with the nearest one; on an issue without item in a comment of its own', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.comment(issue.number, '/queu', stage.maintainer))
    expect((await stage.wanted('comment'))[0]?.payload).toMatchObject({
      issueNumber: issue.number,
      body: expect.stringContaining('did you mean `/queue`'),
    })
    expect((await stage.wanted('reaction'))[0]?.payload.content).toBe('confused')
  })

  test('a command that cannot be done is refused with the reason, and changes nothing', async () => {
    const stage = await Stage.open()
    const item = await stage.issueIn('ready')
    await stage.deliver(stage.people.comment(item.issueNumber, '/merge', stage.maintainer))
    expect(await stage.item(item.issueNumber)).toMatchObject({
      state: 'ready',
      reply: expect.stringContaining('no pull request'),
    })
    expect((await stage.wanted('reaction'))[0]?.payload.content).toBe('confused')
  })

  test('with a prefix only prefixed commands count', async () => {
    const stage = await Stage.open()
    await stage.withSettings({ prefix: '/tutti' })
    const issue = stage.people.createIssue(stage.outsider)
    await stage.deliver(stage.people.comment(issue.number, '/queue', stage.maintainer))
    expect(await stage.maybeItem(issue.number)).toBeUndefined()
    await stage.deliver(stage.people.comment(issue.number, '/tutti queue', stage.maintainer))
    expect(await stage.item(issue.number)).toMatchObject({ state: 'queued' })
  })
})
