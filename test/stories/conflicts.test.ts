/** The base branch moves while pull requests wait: git brings them up to date, else an agent does, and nothing of people is lost. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('a conflict with the base is found at the push, resolved by the agent on top of what a person has pushed', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const issue = await world.queued('Both', 'write src/one.txt: ours', 'keep-prompt prompt.txt')
  const other = await world.queued('Alone', 'write src/two.txt: two')
  const pull = await world.pullRequestOf(issue)
  const untouched = await world.pullRequestOf(other)
  const calm = untouched.pull.headSha
  const theirs = await github
    .as('helper')
    .push(repository, pull.pull.headRef, { 'src/theirs.txt': 'kept\n' }, 'Help out')
  await world.untilStatus(issue, `every gate passed on \`${theirs.slice(0, 7)}\``)
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })

  await maintainer.push(repository, 'main', { 'src/one.txt': 'base\n' }, 'Someone else was faster')
  const said = 'It conflicts with `main` in `src/one.txt`. An agent merges the two'
  await github.until(() => world.logged.some(({ why }) => String(why).startsWith(said)), 'the conflict is found')
  await world.pullRequestOf(issue, { notHead: theirs })
  const prompts = await world.fileAt(pull.pull.headSha, 'prompt.txt')
  expect(prompts).toMatch(/## src\/one\.txt\s+<<<<<<< [^\n]+\s+ours\s+=======\s+base\s+>>>>>>> /)
  expect(prompts).toContain('Someone else was faster')
  expect(await world.fileAt(pull.pull.headSha, 'src/theirs.txt')).toBe('kept\n')
  expect(await world.fileAt(`${pull.pull.headSha}^1`, 'src/theirs.txt')).toBe('kept\n')
  expect(await world.fileAt(`${pull.pull.headSha}^2`, 'src/one.txt')).toBe('base\n')
  // The other one merges with the new base: it keeps its commit.
  expect(untouched.pull.headSha).toBe(calm)

  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, `must approve \`${pull.pull.headSha.slice(0, 7)}\` first`)
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await untilDone(world, issue)
  expect(await world.fileAt('main', 'src/one.txt')).toBe('ours\n')
  expectMergedOnce(world, issue)
})
