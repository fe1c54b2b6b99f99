/** Tokens that end before their time, and a machine with a wrong clock. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('a journey needs few tokens, and goes on where all of them end in the middle, on a clock an hour behind', async () => {
  let behindMs = 0
  const world = await openWorld({ github: { now: () => new Date(Date.now() + behindMs) } })
  const { github } = world
  const minted = () =>
    github.calls.filter(({ path, status }) => path.endsWith('/access_tokens') && status === 201).length
  const first = await world.queued('Say hello', 'write src/hello.txt: hello')
  await untilMerged(world, first)
  const before = minted()
  // One for the API, one to fetch with and one to push with.
  expect(before).toBe(3)
  const second = await world.queued('Say more', 'pause 2000', 'write src/more.txt: more')
  const begun = () => world.logged.some(({ msg, issue }) => issue === second.number && msg.includes('begins attempt 1'))
  await github.until(begun, 'the second agent to begin')
  behindMs = 3_660_000
  await untilMerged(world, second)
  for (const issue of [first, second]) expectMergedOnce(world, issue)
  // The API's and the one to push with, and where something is fetched that one too.
  expect([2, 3]).toContain(minted() - before)
})
