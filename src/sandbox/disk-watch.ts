/** Watches what a run writes: no limit of the kernel caps the files of a folder without a file system of its own. */

import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes } from '../lib/disk-room.ts'

/** How often the free space is asked for; a disk writes a few hundred megabytes meanwhile. */
const usualLookMs = 1_000
/** The folders are measured at least this often, in ms: what others free meanwhile hides what this run writes. */
const usualMeasureMs = 10_000
/** Measuring takes at most this share of the time, where nothing says that the disk fills up. */
const mostShare = 0.02

/**
 * Aborts the signal when the files that were written since now take more than `bytes`. Free space is asked for each second,
 * which costs nothing. The folders are measured when that much of it has gone, since other programs use the disk too, and
 * now and then without it.
 * @param options for tests: bytes that are free, and how often each of them is looked at, in ms.
 */
export function watchDisk(
  folders: readonly string[],
  bytes: number,
  options: { free?: () => Promise<number>; everyMs?: number; measuredEveryMs?: number } = {},
): { signal: AbortSignal; stop(): void } {
  const { free = () => freeBytes(folders[0] ?? '/'), everyMs = usualLookMs, measuredEveryMs = usualMeasureMs } = options
  const over = new AbortController()
  const since = Date.now()
  let busy = false
  let mostFree = 0
  let measureAt = performance.now() + measuredEveryMs
  const check = async () => {
    const left = await free()
    mostFree = Math.max(mostFree, left)
    const started = performance.now()
    if (mostFree - left < bytes && started < measureAt) return
    let sum = 0
    for (const folder of folders) sum += await writtenSince(folder, since)
    const ended = performance.now()
    measureAt = ended + Math.max(measuredEveryMs, (ended - started) / mostShare)
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
