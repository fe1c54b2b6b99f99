/**
 * Reads what an agent changed without being led out of its tree. git lists the changed paths; each file is then opened
 * relative to a folder whose real place was checked on the open handle, and copied to a private stage, and git reads
 * the contents from there. So a file swapped for a link in the middle of it all is not followed.
 */

import { constants } from 'node:fs'
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Sha, sha } from '../config/ids.ts'
import { emptyTree } from './changes.ts'
import { checkPath, fullPolicy, type ImportPolicy, type Violation } from './check.ts'
import { copyIndex, exists } from './files.ts'
import { GitError } from './git.ts'
import { type Entry, indexOf } from './records.ts'
import { git, gitLine, type Repository } from './repository.ts'

/** The tree of everything in the working tree that is not ignored, or why it cannot be taken. */
export type Staged = { kind: 'tree'; tree: Sha } | { kind: 'refused'; violations: Violation[] }

/** How a tree is staged. */
export interface StageOptions {
  /** Only these files and folders; everything by default. */
  paths?: readonly string[]
  policy?: ImportPolicy
  /**
   * Leave out what is refused instead of refusing everything, and take the files of nested repositories as plain ones:
   * for rescues, where something is better than nothing.
   */
  lenient?: boolean
}

/** Files of nested repositories that a rescue takes at most. */
const maxNested = 5000

/**
 * Writes the working tree's present state as a tree object into the control repository. No filter, hook, attribute
 * program or configuration of the tree is used; its `.git` is not looked at. The private index stays as it was until
 * `keepIndex` is called: a commit that is refused leaves nothing behind.
 */
export async function stageTree(
  repository: Repository,
  entry: Entry,
  tip: Sha | undefined,
  options: StageOptions = {},
): Promise<Staged> {
  await ensureIndex(repository, entry, tip)
  const listed = await changedPaths(repository, entry, tip, options)
  if ('violations' in listed) return { kind: 'refused', violations: listed.violations }

  const stage = join(entry.home, 'stage')
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { mode: 0o700 })
  try {
    const copied = await copyAll(entry.path, stage, listed.paths, options)
    if (copied.violations.length > 0 && !options.lenient) return { kind: 'refused', violations: copied.violations }
    const index = await withNextIndex(entry)
    await updateIndex(repository, index, stage, copied)
    return { kind: 'tree', tree: sha(await gitLine(repository, ['write-tree'], { index })) }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

function nextIndex(entry: Entry): string {
  return `${indexOf(entry)}.next`
}

/** A copy of the private index to work on. @returns its path */
export async function withNextIndex(entry: Entry): Promise<string> {
  const index = nextIndex(entry)
  await rm(`${index}.lock`, { force: true })
  await copyIndex(indexOf(entry), index)
  return index
}

/**
 * Makes the index of the last `stageTree` the private index. It keeps the time of the checkout: every file changed since then is
 * compared by content, so that a change made within the clock's grain is never taken for none.
 */
export async function keepIndex(entry: Entry): Promise<void> {
  const { atime, mtime } = await stat(indexOf(entry))
  await utimes(nextIndex(entry), atime, mtime)
  await rename(nextIndex(entry), indexOf(entry))
}

/** The private index as of the last commit; made anew from the branch where it is lost. */
async function ensureIndex(repository: Repository, entry: Entry, tip: Sha | undefined): Promise<void> {
  if (await exists(indexOf(entry))) return
  await mkdir(entry.home, { recursive: true, mode: 0o700 })
  await rm(`${indexOf(entry)}.lock`, { force: true })
  // Without a branch that can be read, every file counts as new.
  await git(repository, ['read-tree', tip ?? (await emptyTree(repository))], { index: indexOf(entry) })
}

async function changedPaths(
  repository: Repository,
  entry: Entry,
  tip: Sha | undefined,
  options: StageOptions,
): Promise<{ paths: string[] } | { violations: Violation[] }> {
  const limits = fullPolicy(options.policy)
  const listed = await listChanged(repository, entry, tip)
  const wanted = [...new Set(listed)].filter((path) => path !== '' && isWithin(path, options.paths))
  if (options.lenient) {
    const nested = await Promise.all(wanted.map((path) => (path.endsWith('/') ? filesBelow(entry.path, path) : [path])))
    return { paths: nested.flat().filter((path) => checkPath(path, limits.maxPathBytes) === undefined) }
  }
  if (wanted.length > limits.maxFiles) {
    const reason = `${wanted.length} files changed; ${limits.maxFiles} are allowed (is a folder missing in .gitignore?)`
    return { violations: [{ path: '', kind: 'count', reason }] }
  }
  const violations = wanted.flatMap((path) => pathViolation(path, limits.maxPathBytes))
  return violations.length > 0 ? { violations } : { paths: wanted }
}

/** Modified, deleted and untracked paths. A folder in the list, ending with `/`, is a repository inside the tree. */
async function listChanged(repository: Repository, entry: Entry, tip: Sha | undefined): Promise<string[]> {
  const args = ['ls-files', '-z', '-m', '-d', '-o', '--exclude-standard']
  const run = () => git(repository, args, { index: indexOf(entry), workTree: entry.path })
  const result = await run().catch(async (error: unknown) => {
    if (!(error instanceof GitError) || !/index file|bad signature|bad index|index uses/.test(error.stderr)) throw error
    // A broken index holds nothing that the branch and the tree do not.
    await rm(indexOf(entry), { force: true })
    await ensureIndex(repository, entry, tip)
    return run()
  })
  return result.stdout.toString('utf8').split('\0')
}

function isWithin(path: string, folders: readonly string[] | undefined): boolean {
  return !folders || folders.some((folder) => path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`))
}

function pathViolation(path: string, maxPathBytes: number): Violation[] {
  if (path.endsWith('/')) {
    return [{ path, kind: 'repository', reason: 'is a git repository inside the tree; remove its .git folder' }]
  }
  const problem = checkPath(path, maxPathBytes)
  return problem ? [{ path, ...problem }] : []
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.split('/').includes('.git'))
    .slice(0, maxNested)
}

interface Copied {
  present: string[]
  absent: string[]
  links: { path: string; target: string }[]
  violations: Violation[]
}

async function copyAll(root: string, stage: string, paths: readonly string[], options: StageOptions): Promise<Copied> {
  const copied: Copied = { present: [], absent: [], links: [], violations: [] }
  const maxBytes = options.lenient ? Number.POSITIVE_INFINITY : fullPolicy(options.policy).maxFileBytes
  const byFolder = Map.groupBy(paths, (path) => dirname(path))
  for (const [folder, files] of byFolder) {
    const opened = await openFolder(root, folder)
    try {
      for (const path of files) await copyOne(opened, stage, path, maxBytes, copied)
    } finally {
      await opened?.handle.close()
    }
  }
  // Links last: while files are written there is none in the stage that could lead out of it.
  for (const { path, target } of copied.links) await placeLink(stage, path, target, copied)
  return copied
}

interface OpenFolder {
  handle: FileHandle
  /** Names below this path are looked up in the open folder itself, wherever its old path leads by now. */
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
  const handle = await open(path, flags).catch(() => undefined)
  if (!handle) return undefined
  const byHandle = `/proc/self/fd/${handle.fd}`
  const real = await readlink(byHandle).catch(() => undefined)
  if ((real ?? (await realpath(path).catch(() => ''))) === path) return { handle, path: real ? byHandle : path }
  await handle.close()
  return undefined
}

async function copyOne(
  folder: OpenFolder | undefined,
  stage: string,
  path: string,
  maxBytes: number,
  copied: Copied,
): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const source = folder ? join(folder.path, name) : undefined
  const found = source ? await lstat(source).catch(() => undefined) : undefined
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
  await copyFile(source, join(stage, path), path, maxBytes, copied)
}

async function copyFile(source: string, target: string, path: string, maxBytes: number, copied: Copied): Promise<void> {
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

async function placeLink(stage: string, path: string, target: string, copied: Copied): Promise<void> {
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

async function updateIndex(repository: Repository, index: string, stage: string, copied: Copied): Promise<void> {
  const list = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('')
  if (copied.absent.length > 0) {
    await git(repository, ['update-index', '--force-remove', '-z', '--stdin'], {
      index,
      input: list(copied.absent),
      workTree: stage,
    })
  }
  if (copied.present.length > 0) {
    const args = ['update-index', '--add', '--replace', '-z', '--stdin']
    await git(repository, args, { index, input: list(copied.present), workTree: stage })
  }
}
