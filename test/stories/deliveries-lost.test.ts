/** Webhooks that never arrive, arrive twice, or in another order: the end is the same. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilDone, untilMerged } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

/** Looks for what was missed every second or so, where the defaults are five minutes and an hour. */
const watchful = { SWEEP_MINUTES: '0.02', IDLE_SWEEP_MINUTES: '0.02' }
const script = 'write src/hello.txt: hello'

test('every delivery fails at first: each step is made up for by the sweep', async () => {
  const world = await openWorld({ env: watchful })
  const { github } = world
  // Failed once, they arrive when Tutti asks for them again.
  const tried = new Set<string>()
  const lossy = github.faults.deliveries({
    match: ({ guid }) => !tried.has(guid) && Boolean(tried.add(guid)),
    fault: { kind: 'drop' },
  })
  const issue = await world.queued('Say hello', script)
  await untilMerged(world, issue)
  expect(lossy.fired).toBeGreaterThan(5)
  expect(world.logged.some((line) => /deliver(y|ies) had not arrived/.test(line.msg))).toBe(true)
  expectMergedOnce(world, issue)
})

test('nothing but comments arrives, and GitHub knows of no failure: the reconcile sees what is there', async () => {
  const world = await openWorld({ env: watchful })
  const { github, repository, maintainer } = world
  github.faults.deliveries({ match: ({ event }) => event !== 'issue_comment', fault: { kind: 'lose' } })
  const [first, second] = [await world.queued('Say hello', script), await world.queued('Say goodbye', 'write bye: bye')]
  await untilMerged(world, first)
  expectMergedOnce(world, first)

  // Merged by hand, and no one says so.
  const pull = await world.pullRequestOf(second)
  await maintainer.mergePullRequest(repository, pull.number)
  await untilDone(world, second)
  expectMergedOnce(world, second)

  // Put on and taken off again.
  const third = await world.queued('Change your mind', 'wait-for never')
  await world.untilStatus(third, 'An agent is working')
  await maintainer.removeLabel(repository, third.number, 'tutti')
  await world.untilStatus(third, 'Cancelled')
  // Closed by hand.
  const fourth = await world.queued('Not needed', 'wait-for never')
  await world.untilStatus(fourth, 'An agent is working')
  await maintainer.closeIssue(repository, fourth.number)
  await world.untilStatus(fourth, 'Cancelled')
})

test('all that people do while Tutti is down is found at its start', async () => {
  const world = await openWorld()
  const { github, repository, maintainer } = world
  const reviewed = await world.queued('Say hello', script)
  const byHand = await world.queued('Say goodbye', 'write bye: bye')
  const [pull, other] = [await world.pullRequestOf(reviewed), await world.pullRequestOf(byHand)]
  await world.stopTutti()

  const labelled = await world.queued('Begin something', 'write src/new.txt: new')
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await maintainer.mergePullRequest(repository, other.number)
  const failed = () => github.deliveries.filter((one) => one.statusCode === 502).map((one) => one.event)
  await github.until(() => failed().filter((event) => event === 'pull_request').length > 0, 'deliveries fail')

  await world.startTutti()
  await Promise.all([untilDone(world, reviewed), untilDone(world, byHand), untilMerged(world, labelled)])
  for (const issue of [reviewed, byHand, labelled]) expectMergedOnce(world, issue)
})

test.each([
  ['twice under one id', { kind: 'duplicate' } as const],
  ['twice under two ids', { kind: 'new-guid' } as const],
])('every delivery comes %s: it acts once', async (_, fault) => {
  const world = await openWorld()
  const rule = world.github.faults.deliveries({ fault })
  const issue = await world.queued('Say hello', script)
  const pull = await untilMerged(world, issue)
  expect(rule.fired).toBeGreaterThan(5)
  expectMergedOnce(world, issue)
  expect(pull.comments.flatMap((comment) => comment.reactions)).toHaveLength(1)
})

test('deliveries change places: the merge comes before the review it needs, the closing before the merge', async () => {
  const world = await openWorld()
  const { github, repository, maintainer } = world
  const swap = (events: string[]) =>
    github.faults.deliveries({
      match: ({ event, payload }) => events.includes(event) && 'sender' in payload && byPerson(payload.sender),
      fault: { kind: 'reorder', count: 2 },
    })
  const issue = await world.issue('Say hello', script)
  const opening = swap(['issues'])
  const second = await world.issue('Say goodbye', 'write bye: bye')
  await maintainer.addLabels(repository, second.number, ['tutti'])
  await github.until(() => opening.fired === 2, 'opened and labelled have changed places')
  opening.remove()
  await maintainer.addLabels(repository, issue.number, ['tutti'])
  const [pull, other] = [await world.pullRequestOf(issue), await world.pullRequestOf(second)]

  const reviewing = swap(['pull_request_review', 'issue_comment'])
  await world.approveAndMerge(pull)
  reviewing.remove()
  const merging = swap(['pull_request', 'issues'])
  await maintainer.mergePullRequest(repository, other.number)
  await github.until(() => merging.fired === 2, 'merged and closed have changed places')
  await Promise.all([untilDone(world, issue), untilDone(world, second)])
  for (const one of [issue, second]) expectMergedOnce(world, one)
})

function byPerson(sender: unknown): boolean {
  return typeof sender === 'object' && sender !== null && 'type' in sender && sender.type === 'User'
}
