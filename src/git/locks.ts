/** Locks for commands that would get into each other's way, and lock files that a dead process left behind. */

import { lstat, readdir, readlink, rm } from 'node:fs/promises'
import { retry } from '../lib/retry.ts'
import { GitError } from './git.ts'

/** Locks by name, inside this process. First come, first served. */
export interface KeyedLocks {
  /** Resolves or rejects as `work` does. It starts when everything before it under this key has ended. */
  runExclusive<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** The locks of one repository. Between processes, git's own lock files do the same; see `retryWhileLocked`. */
export function createKeyedLocks(): KeyedLocks {
  const last = new Map<string, Promise<unknown>>()
  return {
    runExclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
      const before = last.get(key) ?? Promise.resolve()
      const mine = before.then(work, work)
      const settled = mine.catch(() => {})
      last.set(key, settled)
      void settled.then(() => {
        if (last.get(key) === settled) last.delete(key)
      })
      return mine
    },
  }
}

/** Milliseconds that a lock must be old to count as left behind. git holds one for some milliseconds. */
const staleAfter = 3000
/** Milliseconds for which a command is tried again. */
const retryFor = 15_000

/**
 * Runs a git command again while another process holds a lock file, for at most 15 s. A lock file that is old and that
 * no process has open was left by one that died; it is removed.
 * @param root only locks under this folder are ever removed
 */
export async function retryWhileLocked<T>(root: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  return retry(work, async (error, attempts) => {
    const lock = error instanceof GitError ? lockNamed(error.stderr) : undefined
    if (lock === undefined || performance.now() - start > retryFor) return undefined
    return (await removeStaleLock(root, lock)) ? 0 : Math.min(25 * 2 ** (attempts - 1), 400)
  })
}

function lockNamed(stderr: string): string | undefined {
  return /Unable to create '(?<file>[^'\n]+\.lock)': File exists/.exec(stderr)?.groups?.file
}

/**
 * Removes a lock file that is older than `staleAfter` and that no living process has open.
 * @returns whether it was removed
 */
export async function removeStaleLock(root: string, lock: string): Promise<boolean> {
  if (!lock.startsWith(`${root}/`) || lock.includes('/../') || !lock.endsWith('.lock')) return false
  const before = await lstat(lock).catch(() => undefined)
  if (!before) return true
  if (Date.now() - before.mtimeMs < staleAfter) return false
  if (await isOpen(lock)) return false
  const after = await lstat(lock).catch(() => undefined)
  if (after && after.ino !== before.ino) return false
  await rm(lock, { force: true })
  return true
}

/** True when a process that we can see has the file open. Without /proc the age alone decides. */
async function isOpen(file: string): Promise<boolean> {
  for (const pid of await processes()) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')) === file) return true
    }
  }
  return false
}

/** Ids of the processes that have their working folder in `folder`, our own among them. Empty without /proc. */
export async function processesInside(folder: string): Promise<number[]> {
  const inside: number[] = []
  for (const pid of await processes()) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    if (cwd === folder || cwd.startsWith(`${folder}/`)) inside.push(Number(pid))
  }
  return inside
}

async function processes(): Promise<string[]> {
  const entries = await readdir('/proc').catch(() => [])
  return entries.filter((entry) => /^\d+$/.test(entry))
}
