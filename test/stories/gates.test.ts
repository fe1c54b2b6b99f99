/** Gates that refuse: the next attempt is told why; when attempts are used up, a person is. */

import { expect, test } from 'vitest'
import { byBot, expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('what a gate refused is mended by the next attempt, and both are told', async () => {
  const world = await openWorld()
  const { repository } = world
  const issue = await world.queued(
    'Second try',
    'attempt 1:',
    'write src/one.txt: BROKEN',
    'attempt 2+:',
    'write src/one.txt: works',
  )
  const pull = await world.proposed(issue)
  expect(pull.body).toContain('<summary>Attempts: 2</summary>')
  expect(world.status(issue)).toContain('1. **scripted**: gates failed. command: **tests** failed with exit code 1')
  expect(repository.suites.filter(({ headSha }) => headSha !== pull.pull.headSha).flatMap(({ runs }) => runs)).toEqual(
    [],
  )
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
})

test('attempts used up: held with what happened and what to say; /retry gives fresh ones', async () => {
  const world = await openWorld({ settings: plainSettings.replace('limits:', 'limits:\n  retries: 1') })
  const { github, maintainer, repository } = world
  const issue = await world.queued(
    'Used up',
    'attempt 1:',
    'write src/one.txt: BROKEN at first',
    'attempt 2:',
    'write src/one.txt: BROKEN again',
    'attempt 3+:',
    'write src/one.txt: works',
  )
  const told = await world.untilStatus(issue, '✋ Held: needs a person')
  expect(told).toContain('all 2 attempts are used up')
  expect(told).toContain('**tests** failed with exit code 1')
  expect(told).toContain('`/retry` tries again, `/unqueue` gives it up')
  expect(told).toContain('Attempts: 2 of 2 used')
  await github.until(() => issue.labels.some(({ name }) => name === 'tutti:held'), 'the label says so')
  expect(pullsOf(world, issue)).toEqual([])

  await maintainer.comment(repository, issue.number, '/retry')
  await world.proposed(issue)
  expect(world.status(issue)).toContain('The 2 attempts so far no longer count: 2 are free again.')
  expect(world.status(issue)).toContain('Attempts: 1 of 2 used')
  await github.until(() => !issue.labels.some(({ name }) => name === 'tutti:held'), 'the label is gone')
  expect(byBot(issue)).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('a gate whose program is missing, a change too large, and none at all are told in plain words', async () => {
  const settings = `agent: scripted
limits: { retries: 0 }
gates:
  maxFiles: 3
  commands: [{ name: tests, run: no-such-program --all }]
`
  const world = await openWorld({ settings })
  const missing = await world.queued('Missing program', 'write src/one.txt: one')
  const large = await world.queued('Too large', 'write a.txt: a', 'write b.txt: b', 'write c.txt: c', 'write d.txt: d')
  const empty = await world.queued('Nothing', 'say There is nothing to do.')
  const told = async (issue: typeof empty) => world.untilStatus(issue, '✋ Held: needs a person')
  expect(await told(missing)).toContain('a program it calls was not found on this machine (exit code 127)')
  expect(await told(large)).toMatch(
    /Too much for one review: 4 files, \+4 −0; 3 files are allowed \(`gates\.maxFiles`\)/,
  )
  expect(await told(empty)).toContain('The agent ended without changing anything. It said: There is nothing to do.')
  for (const issue of [missing, large, empty]) expect(pullsOf(world, issue)).toEqual([])
})
