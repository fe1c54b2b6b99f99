/**
 * Copies an agent's files to where no agent can reach them. Each file is opened below a folder whose real place was
 * checked on the open handle. So a file or folder that is swapped for a link meanwhile is not followed.
 */

import { constants } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, readlink, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import { exists } from './files.ts'
import type { Violation } from './import-policy.ts'

/** What became of each path that was to be copied. */
export interface CopyResult {
  /** In the stage now. */
  present: string[]
  /** Not in the tree (any more). */
  absent: string[]
  /** Links, put into the stage last. */
  links: { path: string; target: string }[]
  violations: Violation[]
}

/**
 * Copies files and links of a tree to a stage, without following any link on the way.
 * @param root the tree, absolute and free of links
 * @param stage an empty folder out of the agent's reach
 * @param paths relative to the tree, checked by `checkPath`
 * @param maxBytes of one file; a larger one is a violation
 */
export async function copyToStage(
  root: string,
  stage: string,
  paths: readonly string[],
  maxBytes: number,
): Promise<CopyResult> {
  const copied: CopyResult = { present: [], absent: [], links: [], violations: [] }
  const copy: Copy = { stage, maxBytes, copied }
  const byFolder = Map.groupBy(paths, (path) => dirname(path))
  for (const [folder, files] of byFolder) {
    const opened = await openFolder(root, folder)
    try {
      for (const path of files) await copyOne(copy, opened, path)
    } finally {
      await opened?.handle.close()
    }
  }
  // Links last: while files are written there is none in the stage that could lead out of it.
  for (const { path, target } of copied.links) await placeLink(stage, path, target, copied)
  return copied
}

/** One copy under way. */
interface Copy {
  stage: string
  /** Of one file. */
  maxBytes: number
  copied: CopyResult
}

interface OpenFolder {
  handle: FileHandle
  /** Names below this path are resolved in the open folder itself, wherever its old path leads by now. */
  path: string
}

/**
 * Opens a folder of the tree and makes sure that the handle is that folder. Without /proc (macOS) its path is
 * checked instead, which an agent that is still running could outrun: there it must have ended.
 * @returns undefined when there is no such folder (any more), or the way to it leads over a link.
 */
async function openFolder(root: string, folder: string): Promise<OpenFolder | undefined> {
  const path = folder === '.' ? root : join(root, folder)
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const handle = await open(path, flags).catch(orGone)
  if (!handle) return undefined
  const byHandle = `/proc/self/fd/${handle.fd}`
  const real = await readlink(byHandle).catch(() => undefined)
  if ((real ?? (await realpath(path).catch(() => ''))) === path) return { handle, path: real ? byHandle : path }
  await handle.close()
  return undefined
}

/** Only what is not there counts as deleted: a folder that may not be read, or too many open files, must not. */
function orGone(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
  throw new OperatorError(`an agent's tree cannot be read: ${error instanceof Error ? error.message : error}`)
}

async function copyOne(copy: Copy, folder: OpenFolder | undefined, path: string): Promise<void> {
  const { copied } = copy
  const name = path.slice(path.lastIndexOf('/') + 1)
  const source = folder ? join(folder.path, name) : undefined
  const found = source ? await lstat(source).catch(orGone) : undefined
  if (!source || !found || found.isDirectory()) {
    // A folder where a file was: its files are in the list by themselves.
    copied.absent.push(path)
    return
  }
  if (found.isSymbolicLink()) {
    const target = await readlink(source).catch(() => undefined)
    if (target === undefined) copied.absent.push(path)
    else copied.links.push({ path, target })
    return
  }
  // A pipe, a socket or a device: git does not know them either.
  if (!found.isFile()) return
  await copyFile(copy, source, path)
}

async function copyFile({ stage, maxBytes, copied }: Copy, source: string, path: string): Promise<void> {
  const target = join(stage, path)
  const refuse = (kind: Violation['kind'], reason: string) => copied.violations.push({ path, kind, reason })
  // O_NONBLOCK: opening a pipe that took the file's place would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(source, flags).catch(() => undefined)
  if (!handle) {
    refuse('unreadable', 'cannot be read, or changed while it was read')
    return
  }
  try {
    const found = await handle.stat()
    if (!found.isFile()) {
      refuse('unreadable', 'changed while it was read')
    } else if (found.size > maxBytes) {
      refuse('size', `has ${found.size} bytes; ${maxBytes} are allowed`)
    } else {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      // Read to the size seen, so that a file growing all the time comes to an end.
      const stream = handle.createReadStream({ autoClose: false, start: 0, end: Math.max(0, found.size - 1) })
      await writeFile(target, found.size === 0 ? '' : stream, { flag: 'wx' })
      await chmod(target, found.mode & 0o100 ? 0o700 : 0o600)
      copied.present.push(path)
    }
  } finally {
    await handle.close()
  }
}

async function placeLink(stage: string, path: string, target: string, copied: CopyResult): Promise<void> {
  const place = join(stage, path)
  const parent = dirname(place)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  if ((await realpath(parent)) !== parent || (await exists(place))) {
    copied.violations.push({ path, kind: 'unreadable', reason: 'changed while it was read' })
    return
  }
  await symlink(target, place)
  copied.present.push(path)
}
