/** What happens to a roadmap while no one tells Tutti: it is found by looking, and who did it still counts. */

import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

/** Looks for what was missed every second or so, where the defaults are five minutes and an hour. */
const watchful = { SWEEP_MINUTES: '0.02', IDLE_SWEEP_MINUTES: '0.02' }

test('sub-issues put there without a webhook are parts as if heard: by someone who may write they start, by others they wait', async () => {
  const world = await openWorld({ env: watchful, collaborators: { helper: 'triage' } })
  const { github, maintainer, repository } = world
  const first = await world.issue('First', 'write src/first.txt: first')
  const goal = await maintainer.createIssue(repository, { title: 'Goal' })
  await maintainer.addSubIssue(repository, goal.number, first.number)
  await maintainer.addLabels(repository, goal.number, ['tutti'])
  await world.pullRequestOf(first)

  github.faults.deliveries({ match: ({ event }) => event === 'sub_issues', fault: { kind: 'lose' } })
  const [lost, sneaked, again] = [
    await world.issue('Lost', 'write src/lost.txt: lost'),
    await world.issue('Sneaked', 'write src/sneaked.txt: sneaked'),
    await world.issue('Again', 'write src/again.txt: again'),
  ]
  await maintainer.addSubIssue(repository, goal.number, lost.number)
  await github.as('helper').addSubIssue(repository, goal.number, sneaked.number)
  // Whoever put it there last counts, not who did so once.
  await maintainer.addSubIssue(repository, goal.number, again.number)
  await maintainer.removeSubIssue(repository, goal.number, again.number)
  await github.as('helper').addSubIssue(repository, goal.number, again.number)
  await world.pullRequestOf(lost)
  await world.untilStatus(goal, `so they are not queued: #${sneaked.number}, #${again.number}.`)
  expect([sneaked, again].flatMap((issue) => [...pullsOf(world, issue), ...byBot(issue)])).toEqual([])
  expect(github.unknown).toEqual([])
})
