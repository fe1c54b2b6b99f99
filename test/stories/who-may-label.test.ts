/** Whose label counts, and what taking it off does. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('a label counts only from people with write access; others get one answer', async () => {
  const world = await openWorld({ collaborators: { sorter: 'triage' } })
  const { github, maintainer, outsider, repository } = world

  // An issue template puts the label on in the name of whoever opens the issue.
  const script = '```tutti-script\nwrite src/one.txt: one\n```'
  const issue = await outsider.createIssue(repository, { title: 'From a template', body: script, labels: ['tutti'] })
  await github.until(() => byBot(issue).length > 0, 'the answer to the outsider')
  expect(byBot(issue)[0]?.body).toContain('only when someone with write access puts it on; outsider has none here')
  expect(byBot(issue)[0]?.body).toContain('A maintainer can put it on again or say `/queue`')

  await github.as('sorter').removeLabel(repository, issue.number, 'tutti')
  await github.as('sorter').addLabels(repository, issue.number, ['tutti'])
  const sorted = await world.issue('Labelled by triage')
  await github.as('sorter').addLabels(repository, sorted.number, ['tutti'])
  await github.until(() => byBot(sorted).length > 0, 'the answer to the triage person')
  expect(byBot(sorted)[0]?.body).toContain('sorter has none here')
  // Events of one repository are acted on in their order: by now the second label on the first issue was, too.
  expect(byBot(issue)).toHaveLength(1)

  await maintainer.removeLabel(repository, issue.number, 'tutti')
  await maintainer.addLabels(repository, issue.number, ['tutti'])
  await world.pullRequestOf(issue)
  expect(byBot(issue)).toHaveLength(2)
  expect(pullsOf(world, sorted)).toEqual([])
  expect(github.unknown).toEqual([])
})

test('on a pull request the label does nothing but explain itself', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  await maintainer.push(repository, 'idea', { 'src/idea.txt': 'idea\n' }, 'An idea')
  const pull = await maintainer.createPullRequest(repository, { title: 'An idea', head: 'idea', base: 'main' })
  await maintainer.addLabels(repository, pull.number, ['tutti'])
  await github.until(() => byBot(pull).length > 0, 'an explanation')
  expect(byBot(pull)[0]?.body).toContain('Describe the work in an issue and label that.')
})

test('taking the label off ends the work, whether it waits or an agent is at it; putting it on starts it again', async () => {
  const world = await openWorld({ hostProcesses: true })
  const { github, maintainer, repository } = world
  const pidFile = join(world.directory, 'agent.pid')
  const running = await world.queued(
    'At work',
    'attempt 1:',
    `run echo $PPID > ${pidFile}`,
    'wait-for never',
    'attempt 2+:',
    'write src/again.txt: again',
  )
  const waiting = await maintainer.createIssue(repository, { title: 'Waits', body: `Depends on #${running.number}` })
  await maintainer.addLabels(repository, waiting.number, ['tutti'])
  const pid = await github.until(() => pidIn(pidFile), 'the agent is at work')
  await world.untilStatus(waiting, /Waiting[\s\S]*#1/)

  await maintainer.removeLabel(repository, waiting.number, 'tutti')
  await maintainer.removeLabel(repository, running.number, 'tutti')
  await github.until(() => !alive(pid), 'the agent is gone')
  for (const issue of [waiting, running]) {
    await world.untilStatus(issue, /Cancelled[\s\S]*maintainer removed the label/)
    expect(world.status(issue)).toContain('`/queue` queues it again')
  }

  await maintainer.addLabels(repository, running.number, ['tutti'])
  await world.pullRequestOf(running)
  expect(pullsOf(world, running)).toHaveLength(1)
  expect(byBot(running)).toHaveLength(1)
})

test('while GitHub cannot say who someone is nothing starts; when it can, the label counts', async () => {
  const world = await openWorld()
  const { github } = world
  const fault = github.faults.api({
    route: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
    times: 4,
    fault: { kind: 'status', status: 502 },
  })
  const issue = await world.queued('Who are you?', 'write src/one.txt: one')
  await github.until(() => fault.fired >= 3, 'GitHub was asked and did not know')
  expect(byBot(issue)).toEqual([])
  await world.pullRequestOf(issue)
  expect(fault.fired).toBe(4)
  expect(byBot(issue)).toHaveLength(1)
})

function pidIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
