/** Issues that would touch the same files are not worked on together, and people are given the reason and what comes next. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { begun, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const settings = `${plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 2')}modules:
  auth: { paths: [src/auth/] }
  docs: { paths: ['docs/**'] }
  shared: { paths: [src/shared.txt] }
`

/** An issue of a module, queued; its agent goes on when `gate` is there. */
async function queuedIn(
  { maintainer, repository }: World,
  module: string,
  title: string,
  script: string[],
): Promise<Issue> {
  const body = ['```tutti-script', ...script, '```'].join('\n')
  const issue = await maintainer.createIssue(repository, { title, body })
  const labels = module ? [`module:${module}`, 'tutti'] : ['tutti']
  return maintainer.addLabels(repository, issue.number, labels)
}

test('one item of a module at a time, also while the first is in review; another module goes on beside it', async () => {
  const world = await openWorld({ settings })
  const { maintainer, repository } = world
  const gate = join(world.directory, 'gate')
  const login = await queuedIn(world, 'auth', 'Login', ['write src/auth/login.txt: login', `wait-for ${gate}`])
  // Of two that touch the same files, whichever is looked at first is started.
  await begun(world, login)
  const logout = await queuedIn(world, 'auth', 'Logout', ['write src/auth/logout.txt: logout'])
  const guide = await queuedIn(world, 'docs', 'Guide', ['write docs/guide.md: guide'])

  await world.untilStatus(logout, /Waiting[\s\S]*#1 is being worked on and touches the same files \(`src\/auth\/`\)/)
  await world.pullRequestOf(guide)
  expect(pullsOf(world, logout)).toEqual([])
  await maintainer.comment(repository, guide.number, '/next')
  const next = await world.untilStatus(guide, /1\. #2 Logout \(leverage [\d.]+\): #1 is being worked on/)
  expect(next).toContain('Being worked on: #1. Mode: `sequential`, chosen by itself.')

  writeFileSync(gate, '')
  const pull = await world.pullRequestOf(login)
  await maintainer.comment(repository, logout.number, '/why')
  const why = await world.untilStatus(logout, 'It touches the same files as these')
  expect(why).toMatch(/#1 is in review and touches the same files \(`src\/auth\/` and `src\/auth\/login.txt`\)/)
  expect(why).toMatch(/Its leverage is [\d.]+: nothing waits for it/)
  expect(why).toContain('- #1: `src/auth/`')
  expect(pullsOf(world, logout)).toEqual([])

  await world.approveAndMerge(pull)
  await world.pullRequestOf(logout)
  await maintainer.comment(repository, guide.number, '/why #2')
  const started = await world.untilStatus(guide, 'Last started at')
  expect(started).toMatch(/#2: Pull request #\d+ at `\w{7}` waits for people/)
  expect(started, started).toMatch(
    /started at \d{4}-\d\d-\d\d \d\d:\d\d UTC, because finishing it frees the most work\.[\s\S]*Its lev/,
  )
  await maintainer.comment(repository, guide.number, '/why #77')
  await world.untilStatus(guide, '#77 was never queued.')
})

test('what an item was seen to change counts, whatever it said; the settings may let reviews go', async () => {
  const world = await openWorld({ settings })
  const { maintainer, repository } = world
  const free = await queuedIn(world, '', 'Free', ['write src/shared.txt: free'])
  await world.pullRequestOf(free)
  const shared = await queuedIn(world, 'shared', 'Shared', ['write src/shared.txt: shared'])
  await world.untilStatus(shared, /Waiting[\s\S]*#1 is in review and touches the same files \(`src\/shared.txt`\)/)
  expect(pullsOf(world, shared)).toEqual([])

  const now = `${settings}schedule: { reviewHolds: false, mode: sequential }\n`
  await maintainer.push(repository, 'main', { '.github/tutti.yml': now }, 'Let reviews go')
  await maintainer.comment(repository, shared.number, '/next')
  await world.pullRequestOf(shared)
  await maintainer.comment(repository, shared.number, '/next')
  const said = /No agent is at work here\. Mode: `sequential`, as the settings say\.\s+Nothing waits for an agent\./
  await world.untilStatus(shared, said)
})
