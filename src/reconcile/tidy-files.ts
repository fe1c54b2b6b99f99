/** Folders and files of runs in the data directory. */

import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { removeFolder } from '../git/files.ts'
import { processesInside } from '../git/locks.ts'

/** A run, as the name of a folder says it; `epoch` where the folder belongs to one lease of it. */
interface NamedRun {
  id: number
  epoch?: number
}

/**
 * Reads the runs that have not ended, with their epochs. Always after a folder was listed: a run that begins in between
 * must not lose what it has just made.
 */
export type LiveRuns = () => Promise<ReadonlyMap<number, number>>

/** Which run a folder belongs to: `run-12`, or `run-12-3` for its third lease. */
export function runOfFolder(path: string): NamedRun | undefined {
  const match = /^run-(?<id>\d+)(?:-(?<epoch>\d+))?(?:\.log)?$/.exec(basename(path))
  if (!match?.groups) return undefined
  const { id, epoch } = match.groups
  return { id: Number(id), ...(epoch === undefined ? {} : { epoch: Number(epoch) }) }
}

/** Whether a run may still use its folder. A folder with another name is not ours to judge: it counts as used. */
export function isLive(run: NamedRun | undefined, live: ReadonlyMap<number, number>): boolean {
  if (!run) return true
  const epoch = live.get(run.id)
  return epoch !== undefined && (run.epoch === undefined || run.epoch === epoch)
}

/**
 * Removes the homes that no run needs: after a kill they may hold what an agent logged in with.
 * @param needed reads the runs whose homes stay.
 */
export async function removeHomes(root: string, needed: LiveRuns): Promise<string[]> {
  return removeFolders(join(root, 'homes'), needed)
}

/** Removes checkouts that git knows nothing about. */
export async function removeStrayFolders(root: string, live: LiveRuns): Promise<string[]> {
  const lists = await Promise.all(['checks', 'plans'].map((folder) => removeFolders(join(root, folder), live)))
  return lists.flat()
}

async function removeFolders(folder: string, live: LiveRuns): Promise<string[]> {
  const removed: string[] = []
  const names = await readdir(folder).catch(() => [])
  const running = await live()
  for (const name of names) {
    const path = join(folder, name)
    if (isLive(runOfFolder(path), running) || (await processesInside(path)).length > 0) continue
    await removeFolder(path)
    removed.push(path)
  }
  return removed
}

/** Removes the logs of runs that ended before a time. @param before by the clock of the files. */
export async function removeLogs(root: string, live: LiveRuns, before: Date): Promise<string[]> {
  const folder = join(root, 'logs')
  const removed: string[] = []
  const names = await readdir(folder).catch(() => [])
  const running = await live()
  for (const name of names) {
    const path = join(folder, name)
    if (isLive(runOfFolder(path), running) || (await stat(path)).mtime >= before) continue
    await rm(path, { force: true })
    removed.push(path)
  }
  return removed
}
