/** A breakdown of a dozen issues on a server that refuses some, asks for pauses, and whose comment someone edits. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot } from '../support/facts.ts'
import { openWorld, type World } from '../support/world.ts'

const route = 'POST /repos/{owner}/{repo}/issues'
const keys = Array.from({ length: 12 }, (_, at) => `part-${String.fromCharCode(97 + at)}`)

const breakdown = JSON.stringify({
  summary: 'A dozen pieces.',
  features: [
    {
      title: 'The store',
      items: keys.map((key) => ({ key, title: `Do ${key}`, body: 'Do it.', paths: [`src/${key}`], effort: 'S' })),
    },
  ],
  risk: 'medium',
  confidence: 0.95,
})

const titles = ({ repository }: World) =>
  [...repository.issues.values()].filter((issue) => !issue.pull && /^Do /.test(issue.title)).map((issue) => issue.title)

/** A goal with a breakdown that waits for a word; nothing of it starts, since the repository is paused then. */
async function broken(world: World): Promise<Issue> {
  const goal = await world.queued('Build a notes platform', 'planning:', `  tool submit_breakdown ${breakdown}`)
  await world.untilStatus(goal, 'this becomes several issues')
  await world.maintainer.comment(world.repository, goal.number, '/pause all')
  await world.github.until(() => world.status(goal).includes('paused'), 'the repository is paused', 60_000)
  return goal
}

test('5 of the issues of a breakdown fail: /retry makes those and none twice, also over a pause that GitHub asks for', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const goal = await broken(world)
  const refused = github.faults.api({ route, times: 5, fault: { kind: 'status', status: 422 } })
  await maintainer.comment(repository, goal.number, '/approve')
  await world.untilStatus(goal, '5 of 12 issues could not be made')
  expect(refused.fired).toBe(5)
  expect(titles(world)).toHaveLength(7)
  expect(goal.subIssues).toEqual([])

  // GitHub's limit on creating content: nothing at all is asked of it until it is over.
  const pause = github.faults.api({ route, nth: 3, fault: { kind: 'secondary-limit', retryAfter: 2 } })
  await maintainer.comment(repository, goal.number, '/retry')
  await github.until(() => pause.fired > 0, 'GitHub asks for a pause', 60_000)
  await github.until(() => titles(world).length === 12, 'the rest is made', 60_000)
  await github.until(() => goal.subIssues.length === 12, 'the links', 60_000)
  expect(titles(world).toSorted()).toEqual(keys.map((key) => `Do ${key}`))
  const limited = github.calls.find((call) => call.status === 403)
  const after = github.calls.filter((call) => call.at > (limited?.at ?? 0))
  expect(Number(after[0]?.at) - Number(limited?.at)).toBeGreaterThanOrEqual(1_900)
  expect(github.unknown).toEqual([])
})

test('a breakdown whose comment is edited is made of what the agent handed in, and that is said', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const goal = await broken(world)
  const shown = byBot(goal).find(({ body }) => body.includes('### Breakdown'))
  await maintainer.editComment(
    repository,
    shown?.id ?? 0,
    (shown?.body ?? '').replace('Do part-a', 'Do something else'),
  )
  await world.untilStatus(goal, "edited the breakdown's comment, but issues are made of what the agent handed in")
  await maintainer.comment(repository, goal.number, '/approve')
  await github.until(() => titles(world).length === 12, 'the issues', 60_000)
  expect(titles(world)).toContain('Do part-a')
  expect(titles(world)).not.toContain('Do something else')
})
