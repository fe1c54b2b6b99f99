/** Gates that refuse: the next attempt is given the reason; when attempts are used up, a person is. */

import { expect, test } from 'vitest'
import { byBot, checkRunsOn, expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('what a gate refused is mended by the next attempt, and both are reported', async () => {
  const world = await openWorld()
  const { repository } = world
  const issue = await world.queued(
    'Second try',
    'attempt 1:',
    'write src/one.txt: BROKEN',
    'attempt 2+:',
    'write src/one.txt: works',
  )
  const pull = await world.pullRequestOf(issue)
  expect(pull.body).toContain('<summary>Attempts: 2</summary>')
  expect(world.status(issue)).toContain('(scripted)**: gates failed. command: **tests** failed with exit code 1')
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
  const reported = await world.untilStatus(issue, '✋ Held: needs a person')
  expect(reported).toContain('all 2 attempts are used up')
  expect(reported).toContain('**tests** failed with exit code 1')
  expect(reported).toContain('`/retry` tries again')
  expect(reported).toContain('Attempts: 2 of 2 used')
  await github.until(() => issue.labels.some(({ name }) => name === 'tutti:held'), 'the label says so')
  await world.untilStatus(issue, /on pull request #\d+/)

  await maintainer.comment(repository, issue.number, '/retry')
  const pull = await world.pullRequestOf(issue)
  await github.until(() => !pull.pull.draft, 'the draft is ready for review')
  expect(pullsOf(world, issue)).toEqual([pull])
  expect(world.status(issue)).toContain('The 2 attempts so far no longer count: 2 are free again.')
  expect(world.status(issue)).toContain('Attempts: 3, 1 of 2 used in this round')
  await github.until(() => !issue.labels.some(({ name }) => name === 'tutti:held'), 'the label is gone')
  expect(byBot(issue)).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('a gate whose program is missing, a change too large, and none at all are reported in plain words', async () => {
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
  const reported = async (issue: typeof empty) => world.untilStatus(issue, '✋ Held: needs a person')
  expect(await reported(missing)).toContain('a program it calls was not found on this machine (exit code 127)')
  expect(await reported(large)).toMatch(
    /Too much for one review: 4 files, \+4 −0; 3 files are allowed \(`gates\.maxFiles`\)/,
  )
  expect(await reported(empty)).toContain('The agent ended without changing anything. It said: There is nothing to do.')
  for (const issue of [large, empty]) expect(pullsOf(world, issue)).toEqual([])
})

test('a held issue shows the log and a draft; a person takes it over, and what they push is judged', async () => {
  const run = 'if grep -rqs BROKEN src; then echo "src/one.txt:1:1: this is broken"; exit 1; fi'
  const settings = `agent: scripted
limits: { retries: 0 }
gates:
  commands: [{ name: tests, run: '${run}' }]
`
  const world = await openWorld({ settings })
  const { github, maintainer, repository } = world
  const issue = await world.queued('Take over', 'write src/one.txt: BROKEN')
  const reported = await world.untilStatus(issue, /on pull request #\d+/)
  expect(reported).toContain('src/one.txt:1:1: this is broken')
  expect(reported).toContain('`git fetch && git switch module/issue-1`')
  const [draft] = pullsOf(world, issue)
  if (!draft) throw new Error('there is no draft')
  expect(draft.pull.draft).toBe(true)
  expect(draft.body).toContain('Gates failed on this')
  const failed = draft.pull.headSha
  await github.until(
    () => checkRunsOn(world, failed)[0]?.conclusion === 'failure',
    'the check run of the failed commit',
  )
  const [check] = checkRunsOn(world, failed)
  expect(check?.output.summary).toContain('| made by | Aria (scripted)')
  expect(check?.output.text).toMatch(/`sha256:[0-9a-f]{64}`/)
  expect(check?.annotations).toMatchObject([{ path: 'src/one.txt', start_line: 1, message: 'this is broken' }])

  const still = await maintainer.push(repository, 'module/issue-1', { 'src/two.txt': 'BROKEN\n' }, 'Not yet')
  await github.until(() => checkRunsOn(world, still)[0]?.conclusion === 'failure', 'the check run of what was pushed')
  await world.untilStatus(issue, 'Held: needs a person')
  const mended = { 'src/one.txt': 'works\n', 'src/two.txt': 'works\n' }
  await maintainer.push(repository, 'module/issue-1', mended, 'Mend it by hand')
  const pull = await world.pullRequestOf(issue)
  expect(pull.number).toBe(draft.number)
  await github.until(() => !pull.pull.draft, 'the draft is ready for review')
  expect(pull.body).not.toContain('Gates failed on this')
  await world.approveAndMerge(pull)
  expect(github.unknown).toEqual([])
})

test('a screenshot that a gate leaves is in the pull request as a link, for who may read the repository', async () => {
  const settings = `agent: scripted
gates:
  commands:
    - name: tests
      run: printf '\\211PNG\\r\\n\\032\\n' > "$TUTTI_ARTIFACTS/login page.png"
`
  const world = await openWorld({ settings, env: { PUBLIC_URL: 'https://tutti.example' } })
  const issue = await world.queued('Show it', 'write src/one.txt: works')
  const pull = await world.pullRequestOf(issue)
  const link = /\[`login page\.png`\]\(https:\/\/tutti\.example(\/pictures\/acme\/app\/[0-9a-f]{64})\)/
  expect(pull.body).toMatch(link)
  await world.github.until(() => checkRunsOn(world, pull.pull.headSha).length > 0, 'the check run')
  const [, path] = link.exec(checkRunsOn(world, pull.pull.headSha)[0]?.output.summary ?? '') ?? []
  const answer = await fetch(`${world.tutti.url}${path}`, { redirect: 'manual' })
  expect(answer.headers.get('location')).toContain('/login?to=%2Fpictures')
})
