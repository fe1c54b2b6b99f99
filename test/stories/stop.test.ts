/** `/stop` while an agent works: it is gone, the issue is paused, and `/resume` goes on in the same tree. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('the agent and what it started are gone; one more attempt goes on where it was', async () => {
  const world = await openWorld({ hostProcesses: true })
  const { github, maintainer, repository } = world
  const pids = { agent: join(world.directory, 'agent.pid'), child: join(world.directory, 'child.pid') }
  const issue = await world.queued(
    'Stop me',
    'attempt 1:',
    'write src/half.txt: half',
    `run echo $PPID > ${pids.agent}`,
    `spawn ${pids.child} detached`,
    'plan [x] half | [>] the rest',
    'wait-for never',
    'attempt 2+:',
    'append src/half.txt: whole',
  )
  const running = await github.until(
    () => pidIn(pids.child) && [pidIn(pids.agent) ?? 0, pidIn(pids.child) ?? 0],
    'the agent and its child are at work',
  )
  const stop = await maintainer.comment(repository, issue.number, '/stop')
  await github.until(() => running.every((pid) => !alive(pid)), 'both are gone')
  const reported = await world.untilStatus(issue, /⏸ Paused[\s\S]*Stopped by maintainer, in attempt 1/)
  expect(reported).toContain('`/resume` goes on from there, `/unqueue` gives it up')
  await github.until(() => stop.reactions.length > 0, 'a reaction')
  expect(pullsOf(world, issue)).toEqual([])

  await maintainer.comment(repository, issue.number, '/resume')
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/half.txt')).toBe('half\nwhole\n')
  expect(world.status(issue)).toContain('(scripted)**: stopped (does not count)')
  expect(byBot(issue)).toHaveLength(1)
  expect(github.unknown).toEqual([])
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
