/** What an issue waits for: lines in its text, GitHub's own "blocked by", circles, and what is not there. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld, type World } from '../support/world.ts'

/** An issue that waits for others by a line in its text, with the usual label. */
async function waitingFor({ maintainer, repository }: World, title: string, lines: string[]): Promise<Issue> {
  const script = ['```tutti-script', `write src/${title.toLowerCase()}.txt: ${title}`, '```']
  const issue = await maintainer.createIssue(repository, { title, body: [...lines, '', ...script].join('\n') })
  return maintainer.addLabels(repository, issue.number, ['tutti'])
}

test('an issue waits for a line and for a native link, and starts when the other is merged or closed', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const first = await world.issue('First', 'write src/first.txt: first')
  const byHand = await maintainer.createIssue(repository, { title: 'Done by a person' })
  const line = await waitingFor(world, 'Line', [`Depends on #${first.number}`])
  const outside = await waitingFor(world, 'Outside', [`- [ ] blocked by: #${byHand.number}`])
  const native = await world.issue('Native', 'write src/native.txt: native')
  await maintainer.addBlockedBy(repository, native.number, first.number)
  await maintainer.addLabels(repository, native.number, ['tutti'])

  for (const issue of [line, native]) await world.untilStatus(issue, /Waiting[\s\S]*waits: it depends on #1\b/)
  await world.untilStatus(outside, /Waiting[\s\S]*it depends on #2, which is open/)
  expect(world.status(line)).toContain('a line in the issue')
  expect(world.status(native)).toContain("GitHub's “blocked by”")

  await maintainer.closeIssue(repository, byHand.number)
  await world.pullRequestOf(outside)
  await maintainer.addLabels(repository, first.number, ['tutti'])
  const pull = await world.pullRequestOf(first)
  expect([line, native].flatMap((issue) => pullsOf(world, issue))).toEqual([])
  await world.approveAndMerge(pull)
  await world.pullRequestOf(line)
  await world.pullRequestOf(native)
  for (const issue of [first, line, outside, native]) expect(byBot(issue)).toHaveLength(1)
  // What it waits for, once as an issue and once as an item, an agent at work where that takes long, and the open pull
  // request: how the other one gets on is not worth a write each time.
  const edits = github.calls.filter(({ method, path }) => method === 'PATCH' && path.endsWith(`/${byBot(line)[0]?.id}`))
  expect(edits.length).toBeLessThanOrEqual(4)
  expect(github.unknown).toEqual([])
})

test('a circle is named edge by edge on each of its issues; the rest goes on; an edit breaks it', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const one = await waitingFor(world, 'One', ['Depends on #2'])
  const two = await waitingFor(world, 'Two', ['Depends on #3'])
  const three = await waitingFor(world, 'Three', ['Depends on #1'])
  const free = await world.queued('Free', 'write src/free.txt: free')

  for (const issue of [one, two, three]) {
    const reported = await world.untilStatus(issue, 'it waits for itself in a circle')
    for (const edge of ['#1 waits for #2', '#2 waits for #3', '#3 waits for #1']) expect(reported).toContain(edge)
    expect(reported).toContain('Remove one of these to go on')
  }
  await world.pullRequestOf(free)
  expect([one, two, three].flatMap((issue) => pullsOf(world, issue))).toEqual([])

  await maintainer.editIssue(repository, three.number, { body: (three.body ?? '').replace('Depends on #1', '') })
  await world.pullRequestOf(three)
  await world.untilStatus(two, /Waiting[\s\S]*it depends on #3/)
  expect(world.status(two)).not.toContain('circle')
  expect(pullsOf(world, one)).toEqual([])
})

test('what is not there is said; a removed link or line lets the issue start, an outsider cannot remove it', async () => {
  const world = await openWorld()
  const { maintainer, outsider, repository } = world
  const open = await maintainer.createIssue(repository, { title: 'Open' })
  const missing = await waitingFor(world, 'Missing', ['Depends on #999'])
  await world.untilStatus(missing, /it depends on `#999`, which cannot be read from here/)
  const native = await world.issue('Native', 'write src/native.txt: native')
  await maintainer.addBlockedBy(repository, native.number, open.number)
  await maintainer.addLabels(repository, native.number, ['tutti'])
  await world.untilStatus(native, 'it depends on #1, which is open')

  const mended = (missing.body ?? '').replace('Depends on #999', '')
  await outsider.editIssue(repository, missing.number, { body: mended })
  await maintainer.removeBlockedBy(repository, native.number, open.number)
  await world.pullRequestOf(native)
  expect(pullsOf(world, missing)).toEqual([])

  await maintainer.editIssue(repository, missing.number, { body: `${mended}\n` })
  await world.pullRequestOf(missing)
})

test('any pull request can be waited for: closed or merged it lets go at once, opened again it holds', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const propose = async (head: string) => {
    await maintainer.push(repository, head, { [`src/${head}.txt`]: head }, head)
    return maintainer.createPullRequest(repository, { title: head, head, base: 'main' })
  }
  const [merged, refused] = [await propose('merged'), await propose('refused')]
  const gate = await maintainer.createIssue(repository, { title: 'Gate' })
  const one = await waitingFor(world, 'One', [`Depends on #${merged.number}`])
  const two = await waitingFor(world, 'Two', [
    `Depends on https://github.com/acme/app/pull/${refused.number}, #${gate.number}`,
  ])
  await world.untilStatus(one, `it depends on #${merged.number}, which is open`)
  await world.untilStatus(two, `it depends on #${refused.number}, which is open`)

  await maintainer.mergePullRequest(repository, merged.number)
  await world.pullRequestOf(one)
  await maintainer.closePullRequest(repository, refused.number)
  const left = (status: string) => status.includes(`it depends on #${gate.number}, which is open`)
  const isLeft = () => left(world.status(two)) && !world.status(two).includes(`depends on #${refused.number}`)
  await github.until(isLeft, 'only the other one is left', 60_000)
  await maintainer.reopenIssue(repository, refused.number)
  await world.untilStatus(two, `it depends on #${refused.number}, which is open`)
  await maintainer.closeIssue(repository, gate.number)
  await github.until(() => !left(world.status(two)), 'the other one has let go', 60_000)
  expect(pullsOf(world, two)).toEqual([])
  await maintainer.closePullRequest(repository, refused.number)
  await world.pullRequestOf(two)
  expect(github.unknown).toEqual([])
})

test('an issue that was given up and then closed holds back no one who names it later', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const first = await world.queued('First', 'wait-for never')
  await world.untilStatus(first, 'An agent is working')
  await maintainer.removeLabel(repository, first.number, 'tutti')
  await world.untilStatus(first, 'Cancelled')
  const early = await waitingFor(world, 'Early', [`Depends on #${first.number}`])
  await world.untilStatus(early, `it depends on #${first.number}`)
  await maintainer.closeIssue(repository, first.number)
  await world.pullRequestOf(early)
  const late = await waitingFor(world, 'Late', [`Depends on #${first.number}`])
  await world.pullRequestOf(late)
})
