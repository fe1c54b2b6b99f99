/**
 * Where tests write. Each story makes a database of 1,100 files, repositories and worktrees, and throws them away: in
 * memory that takes a fraction of the time, where there is room and programs may be run from there.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const memory = '/dev/shm'
/** All that one run of the tests holds at a time is far below this, in bytes. */
const room = 4 * 2 ** 30
const prefix = 'tutti-tests-'

/** A folder in memory for this run of the tests; undefined where there is none to be had. */
export function placeInMemory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize < room) return undefined
    for (const name of readdirSync(memory))
      if (isLeft(name)) rmSync(join(memory, name), { recursive: true, force: true })
    const place = mkdtempSync(join(memory, `${prefix}${process.pid}-`))
    // In a container this may be mounted for data only.
    const program = join(place, 'try.sh')
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 })
    execFileSync(program)
    return place
  } catch {
    return undefined
  }
}

/** Whether it is of a run that was killed. */
function isLeft(name: string): boolean {
  const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
  if (Number.isNaN(pid)) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
