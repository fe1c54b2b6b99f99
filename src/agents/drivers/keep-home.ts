/**
 * A home that outlives its run, so that the next one can go on with the session in it. An agent could write there: what was
 * copied into it is taken out, and nothing is followed that it may have planted.
 */

import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type HomeOf, madePaths } from './prepare-home.ts'

/** A larger home is not kept: programs keep caches there, and each open item may have one. */
const maxBytes = 100 * 2 ** 20
const maxFiles = 20_000

/**
 * Makes a home fit to be kept: logins and all else that was copied into it are gone, and so is its `tmp`. No process of the
 * agent may be left.
 * @returns false where it is too large, or holds links where Tutti writes: it must be removed.
 */
export function keepHome(kind: HomeOf, home: string): boolean {
  try {
    if (!isSoundHome(kind, home)) return false
    for (const path of madePaths(kind)) rmSync(join(home, path), { recursive: true, force: true })
    const left = { bytes: maxBytes, files: maxFiles }
    return fits(home, left)
  } catch {
    return false
  }
}

/** Whether a home is there, and Tutti can write where it must without following a link that an agent has made. */
export function isSoundHome(kind: HomeOf, home: string): boolean {
  const isFolder = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  return isFolder(home) && madePaths(kind).every((path) => !leadsThroughLink(home, path))
}

function leadsThroughLink(home: string, path: string): boolean {
  let at = home
  for (const part of path.split('/')) {
    at = join(at, part)
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return true
  }
  return false
}

/** Whether a folder is small enough; links are counted and not followed. */
function fits(folder: string, left: { bytes: number; files: number }): boolean {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    left.files -= 1
    if (entry.isFile()) left.bytes -= lstatSync(path).size
    if (left.files < 0 || left.bytes < 0 || (entry.isDirectory() && !fits(path, left))) return false
  }
  return true
}
