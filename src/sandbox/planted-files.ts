/**
 * Settings files that must not be made are covered by mounts, and a mount needs something to lie on: `bwrap` makes an empty
 * read-only file, and the folders above it. They are taken away again, so that no commit holds them.
 */

import { lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, sep } from 'node:path'

/** What is to be taken away again. */
export interface Planted {
  files: string[]
  /** The deepest first. */
  folders: string[]
}

/**
 * What a sandbox is going to make below a tree. Empty files that an earlier sandbox has left there count too.
 * @param paths absolute, inside of the tree.
 */
export function plannedPlants(tree: string, paths: readonly string[]): Planted {
  const missing = paths.filter((path) => !lstatSync(path, { throwIfNoEntry: false }) || isPlant(path))
  const files = missing.filter((path) => !coveredByFolder(path))
  const folders = new Set(missing.filter(coveredByFolder))
  for (const folder of foldersAbove(tree, missing))
    if (!lstatSync(folder, { throwIfNoEntry: false })) folders.add(folder)
  return { files, folders: [...folders].sort((one, other) => other.length - one.length) }
}

/** The folders between a tree and paths in it, the highest first. */
export function foldersAbove(tree: string, paths: readonly string[]): string[] {
  const folders = new Set<string>()
  for (const path of paths)
    for (let folder = dirname(path); folder.startsWith(tree + sep); folder = dirname(folder)) folders.add(folder)
  return [...folders].sort((one, other) => one.length - other.length)
}

/** Makes the folders, so that they can be mounted. */
export function makePlantedFolders({ folders }: Planted): void {
  for (const folder of folders.toReversed()) mkdirSync(folder, { recursive: true })
}

/** Whether programs expect a folder at a path: all others have an extension, or are known by their whole name. */
export function coveredByFolder(path: string): boolean {
  return !basename(path).includes('.')
}

/** Whether the folders above a path are folders, or can be made: over a file or a link nothing can be laid. */
export function canBeCovered(tree: string, path: string): boolean {
  for (let folder = dirname(path); folder.startsWith(tree + sep); folder = dirname(folder)) {
    const found = lstatSync(folder, { throwIfNoEntry: false })
    if (found && !found.isDirectory()) return false
  }
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true
}

/** Takes them away. What holds something stays. */
export function removePlants({ files, folders }: Planted): void {
  for (const file of files) if (isPlant(file)) rmSync(file, { force: true })
  for (const folder of folders) {
    try {
      rmdirSync(folder)
    } catch {
      // Not empty, or never made.
    }
  }
}

/** `bwrap` makes such files empty and with mode 0444 (`ensure_file` in its utils.c); under a umask, with less. */
export function isPlant(path: string): boolean {
  try {
    const found = lstatSync(path)
    return found.isFile() && found.size === 0 && (found.mode & 0o333) === 0
  } catch {
    return false
  }
}
