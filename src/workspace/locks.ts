/** Turns for commands that would lock each other out, and locks that a dead process left behind. */

import { readdir, readlink, rm, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { GitError } from './git.ts'

/** Runs functions one after another per key, in the order in which they came. */
export interface Turns {
  /** Resolves or rejects as `work` does, which starts when everything before it under this key has ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** Turns of one repository in this process. Between processes git's own lock files do the same; see `withRetry`. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take<T>(key: string, work: () => Promise<T>): Promise<T> {
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

/** How long a lock may stand still before it counts as left behind. git holds one for milliseconds. */
const patience = 3000

/**
 * Runs a git command again while another process holds a lock, up to `patience` milliseconds. A lock that did not
 * change in that time, and that no process has open, is removed once.
 * @param root only locks under this folder are ever removed
 */
export async function withRetry<T>(root: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now()
  let removed = false
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const lock = error instanceof GitError ? lockNamed(error.stderr) : undefined
      if (lock === undefined || removed) throw error
      if (Date.now() - start < patience) {
        await wait(Math.min(25 * 2 ** attempt, 400))
        continue
      }
      removed = await removeStale(root, lock)
      if (!removed) throw error
    }
  }
}

function lockNamed(stderr: string): string | undefined {
  return /Unable to create '(?<file>[^'\n]+\.lock)': File exists/.exec(stderr)?.groups?.file
}

/**
 * Removes a lock file that is older than `patience` and that no living process has open.
 * @returns whether it was removed
 */
export async function removeStale(root: string, lock: string): Promise<boolean> {
  if (!lock.startsWith(`${root}/`) || lock.includes('/../') || !lock.endsWith('.lock')) return false
  const before = await stat(lock).catch(() => undefined)
  if (!before) return true
  if (Date.now() - before.mtimeMs < patience) return false
  if (await isOpen(lock)) return false
  const after = await stat(lock).catch(() => undefined)
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
