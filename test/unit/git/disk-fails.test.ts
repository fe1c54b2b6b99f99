/** The disk fails, or fills up, in the middle of a fetch or a commit: no success is reported, and the same work succeeds later. */

import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { validBranch } from '../../../src/git/names.ts'
import { isDiskFull } from '../../../src/lib/errors.ts'
import {
  addTree,
  author,
  git,
  main,
  makePlace,
  open,
  type Place,
  personPushes,
  write,
} from '../../support/git-place.ts'

const run = promisify(execFile)
const strace = existsSync('/usr/bin/strace')
const fixture = join(import.meta.dirname, '../../support/committer.fixture.ts')

async function place(): Promise<Place> {
  const made = await makePlace()
  onTestFinished(made.remove)
  return made
}

/** Clone and worktrees of the place are on a disk of their own. @returns undefined where none can be mounted. */
async function onSmallDisk(megabytes: number) {
  const made = await place()
  const disk = join(made.root, 'disk')
  mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', disk]))
  const clone = await open(made, 'disk/tutti')
  const filler = join(disk, 'filler')
  /** Leaves so many bytes. @returns makes room again. */
  const fill = (left: number) => {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(filler, Buffer.alloc(bavail * bsize - left))
    return () => rmSync(filler)
  }
  return { made, clone, fill, folder: join(disk, 'worktrees', 'api'), control: join(disk, 'tutti', 'control.git') }
}

/** Text that does not get smaller when it is packed. */
const incompressible = (bytes: number) => randomBytes(bytes / 2).toString('hex')

const skipped = '(skipped where no disk can be mounted)'

test(`the disk fills up in the middle of a fetch: it fails, says why, and succeeds once there is room ${skipped}`, async (context) => {
  const small = await onSmallDisk(24)
  if (!small) return context.skip()
  const { made, clone, fill, control } = small
  const moved = await personPushes(made, 'main', 'large.txt', incompressible(8_000_000))
  const makeRoom = fill(1_500_000)
  const failed = await clone.fetch().catch((error: unknown) => error)
  expect(isDiskFull(failed), String(failed)).toBe(true)
  expect(await clone.remoteHead(main)).toBe(made.base)
  makeRoom()
  await clone.fetch()
  expect(await clone.remoteHead(main)).toBe(moved)
  await git(control, 'fsck', '--full', '--strict')
})

test(`the disk fills up in the middle of a commit: the branch stays, and the same tree is committed later ${skipped}`, async (context) => {
  const small = await onSmallDisk(24)
  if (!small) return context.skip()
  const { made, clone, fill, folder, control } = small
  const branch = validBranch('module/api')
  const tree = await clone.addWorktree({ path: folder, branch, base: made.base })
  await write(tree.path, 'large.txt', incompressible(6_000_000))
  const makeRoom = fill(1_500_000)
  const failed = await clone.commit(tree, { message: 'Work', author }).catch((error: unknown) => error)
  expect(isDiskFull(failed), String(failed)).toBe(true)
  expect(await clone.resolve(branch)).toBe(made.base)
  makeRoom()
  const result = await clone.commit(tree, { message: 'Work', author })
  expect(result).toMatchObject({ kind: 'committed', changes: [{ path: 'large.txt', bytes: 6_000_000 }] })
  await git(control, 'fsck', '--full', '--strict')
})

/** Calls by which files and names come into being (a commit makes no `fsync`), and which of them fail in each process. */
const failing = [
  ['link,linkat,rename,renameat,renameat2', '1'],
  ['link,linkat,rename,renameat,renameat2', '2'],
  ['mkdir,mkdirat', '2'],
  ['pwrite64,ftruncate', '1+'],
] as const

test.skipIf(!strace).each(failing)(
  'the disk answers %s with EIO (%s): no commit is claimed that is not there, and it can be made afterwards (skipped where there is no strace)',
  async (calls, when) => {
    const made = await place()
    // Made before the disk fails: what is at stake is the commit.
    const clone = await open(made)
    const control = join(made.root, 'tutti', 'control.git')
    const args = [fixture, made.root, made.base, join(made.root, 'trace'), calls, when]
    const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' } })
    const said = JSON.parse(stdout) as { committed?: string; error?: string }
    const branch = validBranch('module/api')
    const head = await clone.resolve(branch)
    // Some call of it did fail.
    expect(readFileSync(join(made.root, 'trace'), 'utf8')).toContain('EIO')
    // Success is never claimed for a commit that is not there. One that is there may be called failed, where what failed came
    // after it: the next attempt finds it.
    if (said.committed) expect(head).toBe(said.committed)
    const isThere = head !== undefined && head !== made.base
    await git(control, 'fsck', '--full', '--strict')
    const tree = await addTree(clone, made)
    await write(tree.path, 'src/work.txt', 'work\n'.repeat(2_000))
    const again = await clone.commit(tree, { message: 'Work', author })
    expect(again.kind).toBe(isThere ? 'unchanged' : 'committed')
    await git(control, 'fsck', '--full', '--strict')
  },
)

test.skipIf(!strace)(
  'the disk answers fsync with EIO in the middle of the first fetch: it fails and says why, and succeeds later (skipped where there is no strace)',
  async () => {
    const made = await place()
    const inject = ['-f', '-qq', '-o', join(made.root, 'trace'), '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO']
    const env = { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' }
    const failed = await run('strace', [...inject, process.execPath, fixture, made.root, made.base], { env })
    expect(JSON.parse(failed.stdout)).toEqual({ error: expect.stringMatching(/^git fetch failed: fsync error on /) })
    const later = await run(process.execPath, [fixture, made.root, made.base], { env })
    expect(JSON.parse(later.stdout)).toEqual({ committed: expect.any(String) })
    await git(join(made.root, 'tutti', 'control.git'), 'fsck', '--full', '--strict')
  },
)
