/** File operations that are whole or not at all. */

import { randomUUID } from 'node:crypto'
import { chmod, copyFile, lstat, readdir, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** Writes a file under another name and renames it, so that a reader sees the old text or the new, never half. */
export async function replaceFile(file: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, text, { mode, flag: 'wx' })
  // Something that is not a file in its place would make rename fail.
  if (await isDirectory(file)) await rm(file, { recursive: true, force: true })
  await rename(temporary, file)
}

/**
 * Copies an index file, its time included: git re-reads files that are as new as the index, and a later time on the
 * copy would hide a change made in the second of the checkout.
 */
export async function copyIndex(from: string, to: string): Promise<void> {
  const temporary = `${to}.${randomUUID()}`
  const { atime, mtime } = await stat(from)
  await copyFile(from, temporary)
  await utimes(temporary, atime, mtime)
  await rename(temporary, to)
}

/** True for a real folder, false for a link to one. */
export async function isDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}

/** True when anything is at the path, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined
}

/** Removes a folder with all that is in it, and follows no link. It may lack the permission to write. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    await openUp(path)
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  }
}

async function openUp(path: string): Promise<void> {
  if (!(await isDirectory(path))) return
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(join(path, entry.name))
  }
}

/** The path without links in the folders above it. The last part is left as it is: it may be missing, or a trap. */
export async function withoutLinks(path: string): Promise<string> {
  const full = resolve(path)
  const parent = await realpath(dirname(full)).catch(() => dirname(full))
  return join(parent, basename(full))
}
