/** The branch that pull requests go to: another than the default one, and one that is gone. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = `${plainSettings}branches:\n  base: develop\n`

test('merged into another branch than the default one, the issue is closed all the same', async () => {
  const world = await openWorld({ settings })
  const { maintainer, repository } = world
  await maintainer.push(repository, 'develop', { 'src/develop.txt': 'develop\n' }, 'Begin develop')
  const issue = await world.queued('For develop', 'write src/one.txt: one')
  const pull = await untilMerged(world, issue)
  expect(pull.pull.baseRef).toBe('develop')
  expect(await world.fileAt('develop', 'src/one.txt')).toBe('one\n')
  await world.github.until(() => issue.state === 'closed', 'the issue is closed')
  expectMergedOnce(world, issue)
})

test('a base branch that is not there, or goes away, is reported; back again, /retry goes on', async () => {
  const world = await openWorld({ settings })
  const { maintainer, repository } = world
  const early = await world.queued('Too early', 'write src/early.txt: early')
  const reported = await world.untilStatus(early, 'Held: needs a person')
  expect(reported).toContain('the base branch develop of acme/app is gone')
  expect(reported).toContain('Bring it back or set `branches.base`, then say `/retry`')

  await maintainer.createBranch(repository, 'develop')
  await maintainer.comment(repository, early.number, '/retry')
  const pull = await world.pullRequestOf(early)
  expect(pull.pull.baseRef).toBe('develop')

  await maintainer.deleteBranch(repository, 'develop')
  await world.untilStatus(early, /Held[\s\S]*was deleted|Held[\s\S]*was closed/)
  await maintainer.createBranch(repository, 'develop')
  await maintainer.comment(repository, early.number, '/retry')
  expect(await world.pullRequestOf(early)).toBe(pull)
  expect(world.github.unknown).toEqual([])
})
