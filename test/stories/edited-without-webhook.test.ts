/** The text of an issue is edited, and no one tells Tutti: it is found by looking, at no cost for those that stayed as they were. */

import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

/** Looks for what was missed every second or so, where the defaults are five minutes and an hour. */
const watchful = { SWEEP_MINUTES: '0.02', IDLE_SWEEP_MINUTES: '0.02' }
const script = (...lines: string[]) => ['', '```tutti-script', ...lines, '```'].join('\n')

test("new lines count where all who can have written them may write, and no one else's do", async () => {
  const world = await openWorld({ env: watchful })
  const { github, maintainer, outsider, repository } = world
  github.faults.deliveries({ match: ({ event }) => event === 'issues', fault: { kind: 'lose' } })
  const gate = await maintainer.createIssue(repository, { title: 'Gate' })
  const other = await maintainer.createIssue(repository, { title: 'Other gate' })
  const waits = (title: string) => ({
    title,
    body: `Depends on #${gate.number}\n${script(`write src/${title}.txt: ${title}`)}`,
  })
  const free = await maintainer.createIssue(repository, waits('freed'))
  const moved = await maintainer.createIssue(repository, waits('moved'))
  const foreign = await outsider.createIssue(repository, waits('foreign'))
  const roadmap = await outsider.createIssue(repository, { title: 'Plan', body: `- [ ] #${foreign.number}` })
  for (const issue of [free, moved, foreign]) await maintainer.addLabels(repository, issue.number, ['tutti'])
  await maintainer.addLabels(repository, roadmap.number, ['roadmap'])
  for (const issue of [free, moved, foreign]) await world.untilStatus(issue, `it depends on #${gate.number}`)
  await world.untilStatus(roadmap, 'It is made of other issues')

  const without = (title: string) => waits(title).body.replace(`Depends on #${gate.number}`, '')
  await maintainer.editIssue(repository, free.number, { body: without('freed') })
  await maintainer.editIssue(repository, moved.number, { body: `Depends on #${other.number}\n${without('moved')}` })
  await outsider.editIssue(repository, foreign.number, { body: without('foreign') })
  await outsider.editIssue(repository, roadmap.number, { body: `- [ ] #${foreign.number}\n- [ ] Sneaked in` })
  await world.pullRequestOf(free)
  await world.untilStatus(moved, `it depends on #${other.number}`)
  const found = () => world.logged.some(({ repairs }) => String(repairs).includes(`#${foreign.number}: said that`))
  await github.until(found, 'the edit by someone else is found', 60_000)
  await world.untilStatus(roadmap, 'This roadmap was edited, and GitHub does not say by whom')
  expect(world.status(foreign)).toContain(`it depends on #${gate.number}`)

  // Looked at, and the same from then on.
  const looks = () => github.calls.filter(({ path }) => path.endsWith('/installation/repositories')).length
  const asked = () => github.calls.filter(({ path }) => path.includes('/collaborators/')).length
  const [before, said] = [asked(), [moved, foreign, roadmap].map((issue) => byBot(issue).length)]
  const at = looks()
  await github.until(() => looks() >= at + 4, 'four more looks', 60_000)
  expect(asked()).toBe(before)
  expect([moved, foreign, roadmap].map((issue) => byBot(issue).length)).toEqual(said)
  expect(pullsOf(world, foreign)).toEqual([])
  expect([...repository.issues.values()].filter(({ title }) => title === 'Sneaked in')).toEqual([])
  expect(github.unknown).toEqual([])
})

test('an approval is void when the text it was given for was edited without a webhook', async () => {
  const plan = JSON.stringify({
    summary: 'One greeting.',
    steps: ['Write src/hello.txt'],
    paths: ['src/'],
    effort: 'S',
    risk: 'low',
    confidence: 0.4,
  })
  const world = await openWorld({ env: watchful, settings: `${plainSettings}planning:\n  when: always\n` })
  const { github, maintainer, repository } = world
  const issue = await world.queued('Say hello', 'planning 1+:', `  tool submit_plan ${plan}`)
  await world.untilStatus(issue, 'the agent is only 40 % sure')
  github.faults.deliveries({ match: ({ event }) => event === 'issues', fault: { kind: 'lose' } })
  await maintainer.editIssue(repository, issue.number, { body: `${issue.body}\n\nAnd loudly.` })
  await world.untilStatus(issue, 'Someone edited this issue after the plan was made')
  expect(pullsOf(world, issue)).toEqual([])
})
