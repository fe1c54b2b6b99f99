/** Two processes and one moment: one stands still for longer than its lease, or a restart begins before the old one ends. */

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { isAlive, processIn, startProcess } from '../support/processes.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

/** An agent that says where it is and writes without end; the one after it writes one line. */
const script = (world: World) => [
  'attempt 1:',
  '  write src/hello.txt: first',
  `  run echo $PPID > ${join(world.directory, 'agent')}; while echo old >> src/old.txt; do sleep 0.05; done`,
  'attempt 2+:',
  '  append src/hello.txt: second',
]

// The agent is silent while it writes, for as long as a busy machine takes for the rest.
const settings = plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 10')

const agentOf = (world: World) =>
  world.github.until(() => processIn(join(world.directory, 'agent')), 'the agent is at work')

// Embedded PGlite serves one process.
test.skipIf(!process.env.TEST_DATABASE_URL)(
  'frozen past its lease: the other process ends its agent and goes on in a tree of its own; nothing is mixed',
  async () => {
    const env = { SHARE_DATA_DIR: 'true', HEARTBEAT_TIMEOUT_SECONDS: '3' }
    const world = await openWorld({ hostProcesses: true, start: false, env, settings })
    const one = await startProcess(world)
    const issue = await world.queued('Say hello', ...script(world))
    const agent = await agentOf(world)
    one.process.kill('SIGSTOP')
    onTestFinished(() => void one.process.kill('SIGCONT'))

    await startProcess(world)
    expect(isAlive(agent), 'what a living process has started is no stray').toBe(true)
    const pull = await world.pullRequestOf(issue)
    expect(isAlive(agent)).toBe(false)
    const files = await filesOf(world, pull.pull.headSha)
    expect(files).not.toContain('src/old.txt')
    expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('second\n')
    expect(world.status(issue)).toContain('runner lost (does not count)')
    const [ref = ''] = /refs\/tutti\/rescue\/[^`]+/.exec(await world.untilStatus(issue, 'was kept')) ?? []
    expect(kept(world, ref)).toEqual(['src/hello.txt', 'src/old.txt'])

    one.process.kill('SIGCONT')
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    await world.github.until(() => one.lines.some((line) => /lease of a run was lost/.test(line.msg)), 'it noticed')
    expect(await filesOf(world, 'main')).not.toContain('src/old.txt')
  },
)

test('a restart that begins before the old process has ended: its agent works on, then the new one takes over', async () => {
  const world = await openWorld({ hostProcesses: true, start: false, env: { LOCK_WAIT_SECONDS: '60' }, settings })
  const one = await startProcess(world)
  const issue = await world.queued('Say hello', ...script(world))
  const agent = await agentOf(world)
  const starting = startProcess(world)
  await world.github.until(
    () => readdirSync(world.directory).includes('tutti.log') && waitsFor(world, one.process.pid),
    'the new one waits',
  )
  expect(isAlive(agent)).toBe(true)
  await one.stop()
  await starting
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect(world.status(issue)).toContain('Attempts: 1 of 4 used')
})

async function filesOf(world: World, commit: string): Promise<string[]> {
  return git(world.repository.path, 'ls-tree', '-r', '--name-only', commit)
}

/** What a rescue ref holds beyond the branch. */
function kept(world: World, ref: string): string[] {
  const clone = join(world.env.DATA_DIR ?? '', 'repositories', String(world.repository.id), 'control.git')
  return git(clone, 'diff-tree', '-r', '--name-only', '--no-commit-id', ref)
}

function git(directory: string, ...args: string[]): string[] {
  return execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

function waitsFor(world: World, pid: number | undefined): boolean {
  const log = execFileSync('cat', [join(world.directory, 'tutti.log')], { encoding: 'utf8' })
  return log.includes(`in use by process ${pid}; waiting`)
}
