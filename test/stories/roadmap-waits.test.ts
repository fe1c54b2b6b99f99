/** A roadmap that waits for something: no one builds it, so its parts wait, and what waits for it waits for all of them. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, type World } from '../support/world.ts'

const file = (name: string) => `write src/${name}.txt: ${name}`

async function roadmapOf({ maintainer, repository }: World, title: string, lines: string[]): Promise<Issue> {
  return maintainer.createIssue(repository, { title, body: lines.join('\n') })
}

/** Asks why an issue waits, once it is queued; one that waits as one of many says nothing by itself. */
async function why({ github, logged, maintainer, repository, untilStatus }: World, issue: Issue, says: string) {
  const ready = () => logged.some((line) => line.issue === issue.number && line.to === 'ready')
  await github.until(ready, `#${issue.number} is ready`, 60_000)
  await maintainer.comment(repository, issue.number, '/why')
  await untilStatus(issue, says)
}

test('the parts of a roadmap wait for what it waits for, also further in, and what waits for it waits to its end', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const before = await world.issue('Before', file('before'))
  const [one, inner, own] = [
    await world.issue('One', file('one')),
    await world.issue('Inner', file('inner')),
    await world.issue('Own', file('own')),
  ]
  const feature = await roadmapOf(world, 'Feature', [])
  await maintainer.addSubIssue(repository, feature.number, inner.number)
  // That it waits for a part of its own is no news: the part does not wait for itself.
  const goal = await roadmapOf(world, 'Goal', [
    `Depends on #${own.number}`,
    '',
    ...[one, feature, own].map(({ number }) => `- [ ] #${number}`),
  ])
  await maintainer.addBlockedBy(repository, goal.number, before.number)
  const after = await maintainer.createIssue(repository, {
    title: 'After',
    body: `Depends on #${goal.number}\n\n\`\`\`tutti-script\n${file('after')}\n\`\`\``,
  })
  await maintainer.addLabels(repository, goal.number, ['roadmap'])
  await maintainer.addLabels(repository, after.number, ['tutti'])

  const held = `#${goal.number}, which it is a part of, depends on #${before.number}, which is open (from GitHub's “blocked by”)`
  for (const part of [one, inner, own]) await why(world, part, held)
  await maintainer.comment(repository, goal.number, '/roadmap')
  for (const part of [one, inner, own]) await world.untilStatus(goal, `#${part.number} waits for #${before.number}`)
  expect(world.status(goal)).not.toContain('can start')
  await world.untilStatus(after, `it depends on #${goal.number}`)
  // Told beside one of its own, its own comes first.
  await maintainer.comment(repository, one.number, `/depends #${before.number}`)
  await world.untilStatus(one, `It waits for #${before.number} from now on`)
  await why(world, one, `it depends on #${before.number}, which is open (from`)
  expect([one, inner, own, after].flatMap((issue) => pullsOf(world, issue))).toEqual([])

  await maintainer.closeIssue(repository, before.number)
  for (const part of [one, inner, own]) await untilMerged(world, part)
  await github.until(() => goal.state === 'closed', 'the goal is closed', 60_000)
  await world.pullRequestOf(after)
  expect(github.unknown).toEqual([])
})

test('a roadmap in a sequence that waits lets the others of the sequence go first', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const before = await maintainer.createIssue(repository, { title: 'Done by a person' })
  const [late, early] = [await world.issue('Late', file('late')), await world.issue('Early', file('early'))]
  const feature = await roadmapOf(world, 'Feature', [])
  await maintainer.addSubIssue(repository, feature.number, late.number)
  await maintainer.addBlockedBy(repository, feature.number, before.number)
  const goal = await roadmapOf(world, 'Goal', [`- [ ] #${feature.number}`, `- [ ] #${early.number}`])
  // The one whose turn would be first is known before its turn could come.
  await maintainer.addLabels(repository, feature.number, ['tutti'])
  await why(world, late, `#${feature.number}, which it is a part of, depends on #${before.number}`)
  await maintainer.comment(repository, goal.number, '/roadmap start --mode sequential')

  await world.pullRequestOf(early)
  expect(pullsOf(world, late)).toEqual([])
})

test('a line that names a roadmap may depend on others, or on all that is under a heading', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const [first, inner] = [await world.issue('First', file('first')), await world.issue('Inner', file('inner'))]
  const byHand = await maintainer.createIssue(repository, { title: 'Done by a person' })
  await maintainer.addBlockedBy(repository, first.number, byHand.number)
  const feature = await roadmapOf(world, 'Feature', [])
  await maintainer.addSubIssue(repository, feature.number, inner.number)
  const goal = await roadmapOf(world, 'Goal', [
    '## Before',
    `- [ ] #${first.number}`,
    '## After',
    `- [ ] #${feature.number} (depends on: "Before")`,
  ])
  await maintainer.addLabels(repository, goal.number, ['roadmap'])
  await why(
    world,
    inner,
    `#${feature.number}, which it is a part of, depends on #${first.number}, which is waiting for an agent`,
  )
  expect(world.status(inner)).toContain('(from its line in the roadmap)')
  await maintainer.closeIssue(repository, byHand.number)
  await untilMerged(world, first)
  await world.pullRequestOf(inner)
})
