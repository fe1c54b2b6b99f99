/** GitHub answers from a replica that lags: what was just written is not in the next answer. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const lost = [
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'POST /repos/{owner}/{repo}/pulls',
  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
]

test('two of three reads are as old as the one before, and the answers of three writes are lost: each is made once', async () => {
  const world = await openWorld()
  const { github } = world
  let reads = 0
  const stale = github.faults.api({ method: 'GET', match: () => ++reads % 3 !== 0, fault: { kind: 'stale' } })
  const dropped = lost.map((route) => github.faults.api({ route, times: 1, fault: { kind: 'apply-then-drop' } }))
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect(dropped.map(({ fired }) => fired)).toEqual([1, 1, 1])
  expect(stale.fired).toBeGreaterThan(3)
})
