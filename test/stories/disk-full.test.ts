/** The disk of the data directory is full: nothing that was accepted is lost, and the work goes on by itself once there is room. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
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

function fill(directory: string): () => void {
  const file = join(directory, 'filler')
  const { bavail, bsize } = statfsSync(directory)
  writeFileSync(file, Buffer.alloc(bavail * bsize))
  return () => rmSync(file)
}

// With the embedded database, the disk that is full is the database's.
test.skipIf(!process.env.TEST_DATABASE_URL || process.getuid?.() !== 0)(
  'a full disk: the webhook is accepted, the log says what is wrong, and the issue goes on once there is room (skipped where no disk can be mounted)',
  async (context) => {
    const world = await openWorld({ start: false })
    const directory = join(world.directory, 'small')
    if (!mountSmall(directory, 64)) return context.skip()
    const tutti = await startProcess(world, { DATA_DIR: directory, MIN_FREE_DISK_PERCENT: '0' })
    const makeRoom = fill(directory)
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    const said = () => tutti.lines.some(({ level, msg }) => level === 50 && msg.startsWith('the disk is full'))
    await world.github.until(said, 'the log says what is wrong', 120_000)
    expect(world.github.deliveries.filter(({ statusCode }) => statusCode !== 202)).toEqual([])
    expect((await fetch(`${tutti.url}/healthz`)).status).toBe(200)
    makeRoom()
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
  },
  400_000,
)
