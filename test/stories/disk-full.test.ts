/** The disk of the data directory is full: nothing that was accepted is lost, and the work goes on by itself once there is room. */

import { execFileSync } from 'node:child_process'
import { appendFileSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilDone, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

/** A disk of its own for the directory. */
function mountSmall(directory: string, megabytes: number): boolean {
  mkdirSync(directory, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    return false
  }
  onTestFinished(() => void execFileSync('umount', ['-l', directory]))
  return true
}

/** Fills the disk to its last page, while others may write to it. @returns makes the room again. */
function fill(directory: string): () => void {
  const file = join(directory, 'filler')
  for (const bytes of [2 ** 20, 4_096]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  return () => rmSync(file)
}

/** Tutti with a data directory of 64 MB, whose processes may fill it. Undefined where no disk can be mounted. */
async function openSmallWorld(settings?: string) {
  const world = await openWorld({ start: false, ...(settings ? { settings } : {}) })
  const directory = join(world.directory, 'small')
  if (!mountSmall(directory, 64)) return undefined
  const tutti = await startProcess(world, { DATA_DIR: directory, MIN_FREE_DISK_PERCENT: '0' })
  const said = () => tutti.lines.some(({ level, msg }) => level === 50 && msg.startsWith('the disk is full'))
  return { world, directory, tutti, isSaid: () => world.github.until(said, 'the log says what is wrong', 120_000) }
}

// With the embedded database, the disk that is full is the database's.
const cannot = !process.env.TEST_DATABASE_URL || process.getuid?.() !== 0

test.skipIf(cannot)(
  'a full disk: the webhook is accepted, the log says what is wrong, and the issue goes on once there is room (skipped where no disk can be mounted)',
  async (context) => {
    const { world, directory, tutti, isSaid } = (await openSmallWorld()) ?? context.skip()
    const makeRoom = fill(directory)
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    await isSaid()
    expect(world.github.deliveries.filter(({ statusCode }) => statusCode !== 202)).toEqual([])
    expect((await fetch(`${tutti.url}/healthz`)).status).toBe(200)
    makeRoom()
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
  },
  400_000,
)

test.skipIf(cannot)(
  'a disk that fills up while an agent works: what the agent could not write is written once there is room (skipped where no disk can be mounted)',
  async (context) => {
    const { world, directory, tutti, isSaid } = (await openSmallWorld()) ?? context.skip()
    const full = join(world.directory, 'it-is-full')
    const issue = await world.queued('Say hello', `wait-for ${full}`, 'write src/hello.txt: hello')
    await world.github.until(() => tutti.lines.some(({ to }) => to === 'running'), 'an agent works', 120_000)
    const makeRoom = fill(directory)
    writeFileSync(full, '')
    await isSaid()
    makeRoom()
    const pull = await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hello\n')
  },
  400_000,
)

/** A test that writes for some seconds. */
const writingGate = `agent: scripted
gates:
  commands:
    - { name: tests, run: 'for i in $(seq 30); do head -c 4096 /dev/zero >> big || exit 1; sleep 0.2; done', minutes: 2 }
`

test.skipIf(cannot)(
  'a disk that fills up while the gates run: nothing is said to have failed, and they run again once there is room (skipped where no disk can be mounted)',
  async (context) => {
    const { world, directory, tutti, isSaid } = (await openSmallWorld(writingGate)) ?? context.skip()
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    await world.github.until(() => tutti.lines.some(({ to }) => to === 'checking'), 'the gates run', 120_000)
    const makeRoom = fill(directory)
    await isSaid()
    makeRoom()
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    const after = tutti.lines.filter(({ from }) => from === 'checking').map(({ why }) => why)
    expect(after[0]).toContain('There was no room left on the machine')
    expect(after.join()).not.toMatch(/tests/i)
  },
  400_000,
)

test.skipIf(cannot)(
  'a disk that fills up while a group of the merge queue of GitHub is tested: GitHub hears nothing until there is room (skipped where no disk can be mounted)',
  async (context) => {
    const { world, directory, isSaid } = (await openSmallWorld(writingGate)) ?? context.skip()
    const { github, maintainer, repository } = world
    await maintainer.protectBranch(repository, 'main', { requiredChecks: ['Tutti'], mergeQueue: true })
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    const pull = await world.pullRequestOf(issue)
    await maintainer.review(repository, pull.number, { state: 'APPROVED' })
    await maintainer.comment(repository, pull.number, '/merge')
    const isTested = () => globSync(join(directory, 'checks/batch-*/**/big')).length > 0
    await github.until(isTested, 'the gate writes in the checkout of the group', 120_000)
    const group = repository.mergeQueue.find((entry) => entry.issue === pull)?.group?.sha
    const makeRoom = fill(directory)
    await isSaid()
    const conclusions = () =>
      repository.suites.flatMap(({ headSha, runs }) => (headSha === group ? runs.map((run) => run.conclusion) : []))
    expect(conclusions().filter(Boolean)).toEqual([])
    makeRoom()
    await untilDone(world, issue)
    expectMergedOnce(world, issue)
    expect(conclusions()).toEqual(['success'])
  },
  400_000,
)
