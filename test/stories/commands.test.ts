/** Commands in comments: what they answer, who may give them, and that each comment acts once. */

import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('help, status, typos and words that are no commands; only writers are heard', async () => {
  const world = await openWorld()
  const { github, maintainer, outsider, repository } = world
  const issue = await world.issue('Talk', 'write src/talk.txt: talk')
  const said = (text: string) => maintainer.comment(repository, issue.number, text)
  const answered = (start: string) =>
    github.until(() => byBot(issue).find(({ body }) => body.includes(start)), `an answer with "${start}"`)

  const refused = await outsider.comment(repository, issue.number, '/queue')
  await answered('Commands are taken from people with write access; outsider has none here')
  expect(refused.reactions).toMatchObject([{ content: 'confused' }])
  await outsider.comment(repository, issue.number, '/help')

  // None of these is a command: code, a quote, a word in a sentence, an edit, someone's path.
  const silent = [
    await said('```\n/queue\n```'),
    await said('> /queue'),
    await said('Please /queue it'),
    await said('/usr/local/bin is full'),
    await said('later'),
  ]
  await maintainer.editComment(repository, silent.at(-1)?.id ?? 0, '/queue')

  const typo = await said('/stauts')
  await answered('There is no command `/stauts`; did you mean `/status`?')
  expect(typo.reactions).toMatchObject([{ content: 'confused' }])
  const status = await said('/status')
  await answered('Nothing is queued here. `/queue` queues it.')
  const help = await said('/help')
  await answered('| `/merge [--protected]` |')
  await github.until(() => help.reactions.length > 0, 'a reaction')
  for (const heard of [status, help]) expect(heard.reactions).toMatchObject([{ content: '+1' }])
  for (const comment of silent) expect(comment.reactions).toEqual([])
  // One explanation for the outsider, three answers: nothing was queued, nothing said twice.
  expect(byBot(issue)).toHaveLength(4)
  expect(github.unknown).toEqual([])
})

test('one comment acts once, however often it is delivered: queue, unqueue, queue again', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const match = { event: 'issue_comment', action: 'created' }
  github.faults.deliveries({ ...match, nth: 1, fault: { kind: 'duplicate', copies: 3 } })
  github.faults.deliveries({ ...match, nth: 2, fault: { kind: 'new-guid' } })
  const issue = await world.issue('Once', 'append src/once.txt: once')
  await maintainer.comment(repository, issue.number, '/queue')
  const pull = await world.pullRequestOf(issue)
  // A second time it would have been answered that there is nothing to do.
  expect(world.status(issue)).toContain('The last reply, before this step</summary>\n\nQueued.')

  const gone = await maintainer.comment(repository, issue.number, '/unqueue')
  await world.untilStatus(issue, 'Cancelled by maintainer')
  expect(world.status(issue)).toContain(`Pull request #${pull.number} stays open; close it if it is not wanted.`)
  await github.until(() => gone.reactions.length > 0, 'a reaction')
  expect(gone.reactions).toHaveLength(1)

  await maintainer.comment(repository, issue.number, '/queue')
  await github.until(() => pull.pull.headSha !== repository.refs.get('refs/heads/main'), 'a head')
  await world.untilStatus(issue, /Review pull request #\d+[\s\S]*Queued again/)
  expect(await world.fileAt(pull.pull.headSha, 'src/once.txt')).toBe('once\nonce\n')
  expect(pullsOf(world, issue)).toHaveLength(1)
  expect(byBot(issue)).toHaveLength(1)
})

test('pausing holds back new work until it is resumed: one issue, or all', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const desk = await maintainer.createIssue(repository, { title: 'Desk' })
  const pauseAll = await maintainer.comment(repository, desk.number, '/pause all')
  await github.until(() => pauseAll.reactions.length > 0, 'a reaction')

  const one = await world.queued('One', 'write src/one.txt: one')
  const two = await world.queued('Two', 'write src/two.txt: two')
  for (const issue of [one, two]) await world.untilStatus(issue, /Waiting[\s\S]*acme\/app is paused/)
  await maintainer.comment(repository, one.number, '/pause')
  await world.untilStatus(one, /Paused by maintainer[\s\S]*`\/resume` goes on/)

  await maintainer.comment(repository, desk.number, '/resume all')
  await world.pullRequestOf(two)
  await github.until(
    () => byBot(desk).some(({ body }) => body.includes(`Paused by themselves, and still so: #${one.number}`)),
    'what is still paused is said',
  )
  expect(pullsOf(world, one)).toEqual([])
  await maintainer.comment(repository, one.number, '/resume')
  await world.pullRequestOf(one)
  expect(world.status(one)).toContain('Resumed. It goes on as soon as nothing holds it back.')
})

test('the dashes and the prefix of a repository are asked for', async () => {
  const world = await openWorld({ settings: 'agent: scripted\nprefix: /robot\n' })
  const { github, maintainer, repository } = world
  const issue = await world.issue('Prefixed', 'write src/one.txt: one')
  const other = await maintainer.comment(repository, issue.number, '/queue')
  await maintainer.comment(repository, issue.number, '/robot quee')
  await github.until(() => byBot(issue).some(({ body }) => body.includes('did you mean `/robot queue`')), 'a hint')
  await maintainer.comment(repository, issue.number, '/robot')
  await github.until(
    () => byBot(issue).some(({ body }) => body.includes('| `/robot stop [--all] [--graceful]` |')),
    'help',
  )
  await maintainer.comment(repository, issue.number, '/robot merge --portected')
  await github.until(() => byBot(issue).some(({ body }) => body.includes('did you mean `--protected`?')), 'a hint')
  expect(other.reactions).toEqual([])
  expect(pullsOf(world, issue)).toEqual([])
})
