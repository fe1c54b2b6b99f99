/** Roadmaps inside roadmaps, as deep and as wide as GitHub nests sub-issues: 8 levels, 100 under one issue. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('roadmaps nest 8 levels deep: what is further down is named and left, what is above is built', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const levels: Issue[] = []
  for (let level = 0; level <= 8; level++) {
    const issue = await maintainer.createIssue(repository, { title: `Level ${level}` })
    const above = levels.at(-1)
    if (above) await maintainer.addSubIssue(repository, above.number, issue.number)
    levels.push(issue)
  }
  const under = async (level: number) => {
    const task = await world.issue(`Task ${level}`, `write src/task-${level}.txt: ${level}`)
    await maintainer.addSubIssue(repository, levels[level]?.number ?? 0, task.number)
    return task
  }
  const [third, last, beyond] = [await under(2), await under(7), await under(8)]
  const [top, seventh, eighth] = [levels[0], levels[7], levels[8]]
  if (!top || !seventh || !eighth) throw new Error('no levels')
  await maintainer.addLabels(repository, top.number, ['tutti'])
  await world.pullRequestOf(third)
  await world.pullRequestOf(last)
  await world.untilStatus(
    seventh,
    `Below 8 levels nothing is taken apart any more, so these are not queued: #${eighth.number}.`,
  )
  expect([beyond, eighth].flatMap((issue) => [...byBot(issue), ...pullsOf(world, issue)])).toEqual([])
  expect(github.unknown).toEqual([])
})

test('120 sub-issues below one roadmap, a whole page under one issue: at most 9 reads, and no comment on those that wait', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const goal = await maintainer.createIssue(repository, { title: 'Goal' })
  await maintainer.comment(repository, goal.number, '/pause all')
  await github.until(() => byBot(goal).length > 0, 'the repository is paused', 60_000)
  // What people do to issues that are no items yet is no news.
  const quiet = github.faults.deliveries({ match: ({ event }) => event !== 'issue_comment', fault: { kind: 'lose' } })
  const tasks: Issue[] = []
  for (const [at, size] of [100, 20].entries()) {
    const feature = await maintainer.createIssue(repository, { title: `Feature ${at}` })
    await maintainer.addSubIssue(repository, goal.number, feature.number)
    for (let task = 0; task < size; task++) {
      const issue = await maintainer.createIssue(repository, { title: `Task ${at}.${task}` })
      await maintainer.addSubIssue(repository, feature.number, issue.number)
      tasks.push(issue)
    }
  }
  quiet.remove()
  const before = github.counts()
  await maintainer.addLabels(repository, goal.number, ['tutti'])
  const ready = () => world.logged.filter((line) => line.to === 'ready').length
  await github.until(() => ready() >= 123, 'all are triaged', 300_000)
  const after = github.counts()
  expect(after.reads - before.reads).toBeLessThanOrEqual(9)
  expect(after.writes - before.writes).toBeLessThanOrEqual(10)
  expect(tasks.flatMap((task) => byBot(task))).toEqual([])
  await maintainer.comment(repository, goal.number, '/roadmap')
  await world.untilStatus(goal, '0 of 120 done')
}, 600_000)
