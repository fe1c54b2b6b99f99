/** Watches what a run writes: no limit of the kernel caps the files of a folder without a file system of its own. */

import { lstat, opendir, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** How often the free space is asked for; a disk writes a few hundred megabytes meanwhile. */
const everyMs = 1_000

/**
 * Aborts the signal when the files that were written since now take more than `bytes`. Free space is asked for each second,
 * which costs nothing; only when that much of it has gone are the folders measured, since other programs use the disk too.
 */
export function watchDisk(folders: readonly string[], bytes: number): { signal: AbortSignal; stop(): void } {
  const over = new AbortController()
  const since = Date.now()
  let busy = false
  let freeAtStart: number | undefined
  const free = async () => {
    const { bavail, bsize } = await statfs(folders[0] ?? '/')
    return bavail * bsize
  }
  const check = async () => {
    freeAtStart ??= await free()
    if (freeAtStart - (await free()) < bytes) return
    let sum = 0
    for (const folder of folders) sum += await writtenSince(folder, since)
    if (sum >= bytes) over.abort(overShare)
  }
  const once = () => {
    if (busy || over.signal.aborted) return
    busy = true
    // What cannot be measured now is measured in a second.
    check()
      .catch(() => {})
      .finally(() => {
        busy = false
      })
  }
  once()
  const timer = setInterval(once, everyMs)
  timer.unref()
  return { signal: over.signal, stop: () => clearInterval(timer) }
}

/** The reason of the signal. */
export const overShare = 'over its share of the disk'

/** Bytes on the disk of files that were changed since a time, in milliseconds. */
async function writtenSince(folder: string, since: number): Promise<number> {
  let sum = 0
  const entries = await opendir(folder).catch(() => undefined)
  if (!entries) return 0
  for await (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      sum += await writtenSince(path, since)
      continue
    }
    const found = await lstat(path).catch(() => undefined)
    if (found && found.ctimeMs >= since - 1_000) sum += found.blocks * 512
  }
  return sum
}
