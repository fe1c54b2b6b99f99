/** GitHub's bad days: whatever it answers, nothing is said, opened or reported twice, and the work goes on. */

import { expect, test } from 'vitest'
import type { ApiFault, Rule } from '../../src/playground/github/faults.ts'
import { byBot, expectMergedOnce, untilDone, untilMerged } from '../support/facts.ts'
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

const faults: [string, ApiFault][] = [
  ['is applied, and the answer is lost', { kind: 'apply-then-drop' }],
  ['is answered with 500', { kind: 'status', status: 500 }],
  ['is answered with a page of HTML', { kind: 'status', status: 502, body: 'html' }],
  ['is cut off before it is applied', { kind: 'reset' }],
]

test.each(faults)('every write %s: it is made true once', async (_, fault) => {
  const world = await openWorld()
  const rules = failOnce(world, fault)
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const pull = await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  const reactions = () => pull.comments.flatMap((comment) => comment.reactions.map((reaction) => reaction.content))
  // Tried again after a second, like everything else: the merge need not wait for it.
  await world.github.until(() => reactions().length > 0, 'the reaction')
  expect(rules.map((rule) => rule.fired)).toEqual(rules.map(() => 1))
  expect(reactions()).toEqual(['+1'])
})

test('the label of a held issue, applied although the answer was lost, is one label', async () => {
  const world = await openWorld()
  const { github, repository, maintainer } = world
  const label = '/repos/{owner}/{repo}/issues/{issue_number}/labels'
  const put = github.faults.api({ route: `POST ${label}`, times: 1, fault: { kind: 'apply-then-drop' } })
  const taken = github.faults.api({ route: `DELETE ${label}/{name}`, times: 1, fault: { kind: 'apply-then-drop' } })
  const issue = await world.queued('Ask for a login first', 'attempt 1:', '  fail auth', 'attempt 2+:', '  write a: a')
  await world.untilStatus(issue, 'Held: needs a person')
  await github.until(() => put.fired, 'the label is put on')
  expect(issue.labels.map((one) => one.name)).toEqual(['tutti', 'tutti:held'])
  await maintainer.comment(repository, issue.number, '/retry')
  await untilMerged(world, issue)
  await github.until(() => taken.fired, 'the label is taken off')
  expect(issue.labels.map((one) => one.name)).toEqual(['tutti'])
  expectMergedOnce(world, issue)
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

test('a token that GitHub no longer takes is replaced, and nothing is lost', async () => {
  const world = await openWorld()
  const { github } = world
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const pull = await world.proposed(issue)
  // From now on every call is refused that is made with a token from before.
  let minted = false
  const revoked = github.faults.api({
    match: ({ route }) => {
      if (route.endsWith('/access_tokens')) minted = true
      return !minted && route.startsWith('POST /repos')
    },
    fault: { kind: 'unauthorized' },
  })
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expect(revoked.fired).toBeGreaterThan(0)
  expectMergedOnce(world, issue)
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
