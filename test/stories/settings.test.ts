/** The repository's settings file: mistakes are reported, and never stop the work. */

import { expect, test } from 'vitest'
import { openWorld } from '../support/world.ts'

const path = '.github/tutti.yml'

test('mistakes are reported on the issue, the last good settings stay, and a later push mends them', async () => {
  const world = await openWorld({ settings: 'agent: scripted\nbranches:\n  prefix: robot/\n' })
  const { maintainer, repository } = world

  const first = await world.pullRequestOf(await world.queued('Good settings', 'write src/one.txt: one'))
  expect(first.pull.headRef).toBe('robot/issue-1')

  const broken = 'agnet: scripted\nbranches:\n  prefix: other/\nlimits:\n  retries: many\n'
  await maintainer.push(repository, 'main', { [path]: broken }, 'Break the settings')
  const issue = await world.queued('Broken settings', 'write src/two.txt: two')
  const second = await world.pullRequestOf(issue)
  expect(second.pull.headRef).toBe(`robot/issue-${issue.number}`)
  const reported = world.status(issue)
  expect(reported).toContain('`.github/tutti.yml` cannot be used')
  expect(reported).toContain('unknown key `agnet`; did you mean `agent`?')
  expect(reported).toMatch(/`limits\.retries`: .*expected number/)
  expect(reported).toContain('last good settings stay in force')

  await maintainer.push(repository, 'main', { [path]: 'agent: scripted\nbranches:\n  prefix: mended/\n' }, 'Mend them')
  const after = await world.queued('Mended settings', 'write src/three.txt: three')
  const third = await world.pullRequestOf(after)
  expect(third.pull.headRef).toBe(`mended/issue-${after.number}`)
  expect(world.status(after)).not.toContain('cannot be used')
  expect(world.github.unknown).toEqual([])
})

test('a file that was never good is reported, and the defaults hold', async () => {
  const world = await openWorld({ settings: 'gates: [\n' })
  const issue = await world.queued('Settings that are no YAML', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  expect(pull.pull.headRef).toBe('module/issue-1')
  expect(world.status(issue)).toContain('`.github/tutti.yml` is not valid YAML')
})

test('without a file the defaults hold, and no one is warned', async () => {
  const world = await openWorld({ settings: null })
  const issue = await world.queued('No settings', 'write src/one.txt: one')
  await world.pullRequestOf(issue)
  expect(world.status(issue)).not.toContain('WARNING')
  expect(world.status(issue)).toContain('This repository names no commands')
})

test('a label and a command prefix of its own count from the first word on', async () => {
  const world = await openWorld({ settings: 'agent: scripted\nlabel: robots welcome\nprefix: /robot\n' })
  const { maintainer, repository } = world
  const labelled = await world.issue('By the label', 'write src/one.txt: one')
  await maintainer.addLabels(repository, labelled.number, ['robots welcome'])
  await world.pullRequestOf(labelled)

  const said = await world.issue('By a command', 'write src/two.txt: two')
  await maintainer.comment(repository, said.number, '/queue')
  const command = await maintainer.comment(repository, said.number, '/robot queue')
  await world.pullRequestOf(said)
  expect(command.reactions).toMatchObject([{ content: '+1' }])
  expect(said.comments[0]?.reactions).toEqual([])
})
