/** Pull requests that are approved at the same time: what breaks together is found, and the rest merges. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

/** Each file alone is fine; two of them together are not, and the log does not say whose fault that is. */
const settings = `agent: scripted
gates:
  commands:
    - name: tests
      run: '[ ! -e src/base.txt ] || [ ! -e src/bad.txt ]'
`

test('three at once: one merges, two are tested on top of it, the broken one goes to its agent and merges later', async () => {
  const world = await openWorld({ settings })
  const { github, maintainer, repository } = world
  const first = await world.queued('Base', 'write src/base.txt: base')
  const good = await world.queued('Good', 'write src/good.txt: good')
  const bad = await world.queued(
    'Bad',
    'attempt 1:',
    '  write src/bad.txt: bad',
    'attempt 2+:',
    '  delete src/bad.txt',
    '  write src/mended.txt: mended',
  )
  const pulls = [await world.pullRequestOf(first), await world.pullRequestOf(good), await world.pullRequestOf(bad)]
  const broken = pulls[2]?.pull.headSha
  const slow = github.faults.api({
    route: 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
    times: 1,
    fault: { kind: 'latency', ms: 4_000 },
  })
  for (const pull of pulls) await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  const [one, two, three] = pulls.map((pull) => pull.number)
  await maintainer.comment(repository, one ?? 0, '/merge')
  await github.until(() => slow.fired > 0, 'the first merge is asked for')
  await maintainer.comment(repository, two ?? 0, '/merge')
  await maintainer.comment(repository, three ?? 0, '/merge')
  await untilDone(world, first)
  await untilDone(world, good)
  expect(pulls[2]?.pull.mergedAt).toBeNull()
  // Never both on main.
  await expect(world.fileAt('main', 'src/bad.txt')).rejects.toThrow()
  const fixed = await world.pullRequestOf(bad, { notHead: broken })
  expect(world.logged.some(({ why }) => String(why).startsWith('Taken out of the merge queue'))).toBe(true)
  await world.approveAndMerge(fixed)
  await untilDone(world, bad)
  for (const issue of [first, good, bad]) expectMergedOnce(world, issue)
  expect(await world.fileAt('main', 'src/mended.txt')).toBe('mended\n')
})
