/**
 * GitHub's bad days: nothing is said, opened or reported twice, and the work goes on. What each single answer does is in
 * test/unit/github; here are the journeys on which it happens.
 */

import { expect, test } from 'vitest'
import type { ApiFault, Rule } from '../../src/playground/github/faults.ts'
import { byBot, expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld, type World } from '../support/world.ts'

/** Every write of a journey whose review comes with a `/merge`. */
const writes = {
  'the first comment': 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'an edit of the comment': 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'the pull request': 'POST /repos/{owner}/{repo}/pulls',
  'the check run': 'POST /repos/{owner}/{repo}/check-runs',
  'a reaction': 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
  'the merge': 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
}

/** Makes each write fail once, the first time it is tried. */
function failOnce({ github }: World, fault: ApiFault): Rule[] {
  return Object.values(writes).map((route) => github.faults.api({ route, times: 1, fault }))
}

test('every write is applied and its answer lost: it is made true once', async () => {
  const world = await openWorld()
  const rules = failOnce(world, { kind: 'apply-then-drop' })
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const pull = await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  const reactions = () => pull.comments.flatMap((comment) => comment.reactions.map((reaction) => reaction.content))
  // Tried again after a second, like everything else: the merge need not wait for it.
  await world.github.until(() => reactions().length > 0, 'the reaction')
  expect(rules.map((rule) => rule.fired)).toEqual(rules.map(() => 1))
  expect(reactions()).toEqual(['+1'])
})

test('asked for a pause, Tutti makes no call at all until it is over, then goes on', async () => {
  const world = await openWorld()
  const { github } = world
  const pause = github.faults.api({
    route: writes['the pull request'],
    times: 1,
    fault: { kind: 'secondary-limit', retryAfter: 3 },
  })
  const first = await world.queued('Say hello', 'write src/hello.txt: hello')
  await github.until(() => pause.fired, 'the pause is asked for')
  const heard = () => world.logged.some((line) => line.msg === 'a write to GitHub did not succeed')
  await github.until(heard, 'Tutti has heard it')
  const from = github.calls.find((call) => call.fault === 'secondary-limit')?.at.getTime() ?? 0
  // What comes in meanwhile is taken and waits.
  const second = await world.queued('Say goodbye', 'write src/bye.txt: bye')
  await Promise.all([untilMerged(world, first), untilMerged(world, second)])
  const inside = github.calls.filter((call) => call.at.getTime() > from && call.at.getTime() < from + 3_000)
  expect(inside.map((call) => call.route)).toEqual([])
  for (const issue of [first, second]) expectMergedOnce(world, issue)
})

test('GitHub is away when Tutti starts: webhooks are stored meanwhile, work begins when it is back', async () => {
  const world = await openWorld({ start: false })
  const { github } = world
  const away = github.faults.api({ fault: { kind: 'reset' } })
  const starting = world.startTutti()
  const { url } = await github.until(
    () => world.logged.find((line) => line.msg === 'webhooks are being taken'),
    'webhooks are taken',
  )
  github.setWebhookUrl(`${url}/api/github/webhooks`)
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const labelled = await github.until(
    () => github.deliveries.find((one) => one.action === 'labeled' && one.statusCode !== undefined),
    'the label is delivered',
  )
  expect(labelled.statusCode).toBe(202)
  expect((await fetch(`${url}/healthz`)).status).toBe(503)
  expect(byBot(issue)).toEqual([])

  away.remove()
  await starting
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})
