/** Nothing happens, and so Tutti does nothing. */

import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const perSecond = { SWEEP_MINUTES: '0.015', IDLE_SWEEP_MINUTES: '60' }

test('while work is open what was missed is looked for; once it is over, no call is made', async () => {
  const world = await openWorld({ env: perSecond })
  const { github } = world
  const sweeps = () => github.calls.filter((call) => call.path === '/app/hook/deliveries').length
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  await world.pullRequestOf(issue)
  const before = sweeps()
  await github.until(() => sweeps() > before, 'the sweep of open work')
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)

  // The last deliveries of the journey are news once more; after that nothing is.
  const last = github.deliveries.at(-1)?.deliveredAt.getTime() ?? 0
  const looked = () => github.calls.findLast((call) => call.path === '/app/hook/deliveries')?.at.getTime() ?? 0
  await github.until(() => looked() > last && github.deliveries.every((one) => one.statusCode), 'the last sweep')
  await quiet(github)
  const calls = github.calls.length
  // Here the passing of time is the fact: four of the intervals in which open work is looked after.
  await wait(4_000)
  expect(github.calls.slice(calls).map((call) => call.route)).toEqual([])
})

/** Waits until the sweep under way has made its last call: half a second without one. */
async function quiet(github: {
  calls: { at: Date }[]
  until: Awaited<ReturnType<typeof openWorld>>['github']['until']
}) {
  await github.until(() => Date.now() - (github.calls.at(-1)?.at.getTime() ?? 0) > 500, 'no call for half a second')
}
