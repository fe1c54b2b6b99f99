/** A roadmap: sub-issues, task lists and lines in words become one graph, and work starts on the labeller's word. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, type World } from '../support/world.ts'

const script = (...lines: string[]) => ['```tutti-script', ...lines, '```'].join('\n')

function titled({ repository }: World, title: string): Issue | undefined {
  return [...repository.issues.values()].find((issue) => issue.title === title && !issue.pull)
}

async function untilTitled(world: World, title: string): Promise<Issue> {
  return world.github.until(() => titled(world, title), `an issue called ${title}`, 60_000)
}

test('lines that name issues are queued, lines in words become issues once, the roadmap ends with its parts', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const named = await world.issue('Named', 'write src/named.txt: named')
  const closed = await world.issue('Closed before')
  await maintainer.closeIssue(repository, closed.number)
  const checked = await world.issue('Checked off')
  const body = [
    '## Backend',
    `- [ ] #${named.number}`,
    `- [ ] #${closed.number}`,
    `- [x] #${checked.number}`,
    '- [ ] Add login [effort:S] [priority:1]',
    '  With a password, @everyone.',
    '',
    `  ${script('write src/login.txt: login').replaceAll('\n', '\n  ')}`,
    '- [ ] Add sessions (depends on: "Add login")',
    '## Frontend',
    '- [x] Done already',
    '- [] Misspelt',
  ].join('\n')
  const roadmap = await maintainer.createIssue(repository, { title: 'The plan', body })
  await maintainer.addLabels(repository, roadmap.number, ['roadmap'])

  const login = await untilTitled(world, 'Add login')
  const sessions = await untilTitled(world, 'Add sessions')
  expect(login.labels.map((label) => label.name)).toEqual(['effort:S', 'priority:1'])
  expect(login.body).toContain(`Part of #${roadmap.number} (Backend).`)
  expect(login.body).toContain('With a password')
  expect(login.body).not.toContain('@everyone')
  expect(sessions.body).toContain(`Depends on #${login.number}`)
  await world.untilStatus(roadmap, 'Line 14: a checkbox is written `- [ ] text`.')
  await github.until(() => roadmap.subIssues.length === 2, 'what was made is linked')

  for (const issue of [login, named]) await world.pullRequestOf(issue)
  expect(pullsOf(world, sessions)).toEqual([])
  for (const issue of [named, login, sessions]) await untilMerged(world, issue)
  await github.until(() => roadmap.state === 'closed', 'the roadmap is closed', 60_000)
  await world.untilStatus(roadmap, 'Everything it is made of is done')
  expect(titled(world, 'Done already')).toBeUndefined()
  expect(byBot(checked)).toEqual([])
  expect(pullsOf(world, roadmap)).toEqual([])
  expect([...repository.issues.values()].filter((issue) => issue.title === 'Add login' && !issue.pull)).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('an issue with sub-issues is made of them: added, nested and removed ones, and who may do that', async () => {
  const world = await openWorld({ collaborators: { helper: 'triage' } })
  const { github, maintainer, repository } = world
  const helper = github.as('helper')
  const issue = async (title: string, work = true) =>
    maintainer.createIssue(repository, {
      title,
      body: work ? script(`write src/${title.toLowerCase()}.txt: ${title}`) : '',
    })
  const goal = await issue('Goal', false)
  const [one, feature, inner, later, sneaked, dropped] = [
    await issue('One'),
    await issue('Feature', false),
    await issue('Inner'),
    await issue('Later'),
    await issue('Sneaked'),
    await issue('Dropped'),
  ]
  await maintainer.addSubIssue(repository, goal.number, one.number)
  await maintainer.addSubIssue(repository, goal.number, feature.number)
  await maintainer.addSubIssue(repository, feature.number, inner.number)
  // Checkboxes say when something is done; they are no parts without the label of roadmaps.
  const task = await maintainer.createIssue(repository, {
    title: 'Task',
    body: `- [ ] it has a file\n- [ ] it is tested\n\n${script('write src/task.txt: task')}`,
  })
  await maintainer.addLabels(repository, task.number, ['tutti'])
  await maintainer.addLabels(repository, goal.number, ['tutti'])

  await world.pullRequestOf(task)
  await world.pullRequestOf(one)
  await world.pullRequestOf(inner)
  await maintainer.addSubIssue(repository, goal.number, later.number)
  await world.pullRequestOf(later)
  await helper.addSubIssue(repository, goal.number, sneaked.number)
  await world.untilStatus(goal, `it is not known by whom, so they are not queued: #${sneaked.number}.`)
  await maintainer.addSubIssue(repository, feature.number, dropped.number)
  await maintainer.removeSubIssue(repository, feature.number, dropped.number)

  for (const part of [one, later, inner]) await untilMerged(world, part)
  await github.until(() => feature.state === 'closed', 'the feature is closed', 60_000)
  expect(goal.state).toBe('open')
  expect([goal, feature, sneaked].flatMap((part) => pullsOf(world, part))).toEqual([])
  expect(byBot(sneaked)).toEqual([])
  await maintainer.closeIssue(repository, sneaked.number)
  await github.until(() => goal.state === 'closed', 'the goal is closed', 60_000)
  expect(titled(world, 'it is tested')).toBeUndefined()
  expect(github.unknown).toEqual([])
})
