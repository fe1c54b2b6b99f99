/** How much room there is on a disk. */

import { statfs } from 'node:fs/promises'

/** With less than this nothing can be done on a disk: a commit, a log and a home take some megabytes. */
const leastBytes = 16 * 2 ** 20

/** Bytes that are free on the disk of a folder. @throws when the folder is not there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Whether work can be done on the disk of a folder. True where that cannot be told: then something else is wrong. */
export async function hasRoom(folder: string): Promise<boolean> {
  return (await freeBytes(folder).catch(() => leastBytes)) >= leastBytes
}
