/**
 * Turns what an agent left in its tree into a tree object. git lists the changed paths; the files are copied to a private
 * stage (see `copy.ts`), and git reads the contents from there.
 */

import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { emptyTree } from './changes.ts'
import { type Copied, copyAll } from './copy-files.ts'
import { copyIndex, exists } from './files.ts'
import { GitError } from './git.ts'
import { checkPath, fullPolicy, type ImportPolicy, type Violation } from './import-policy.ts'
import { git, gitLine, type Repository } from './repository.ts'
import { type Entry, indexOf } from './worktree-records.ts'

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

/** What a rescue takes at most: it must not fill the disk with what an agent forgot to ignore. */
const rescueLimits = { files: 20_000, bytes: 100 * 1024 * 1024 }

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
    const copied = await copyAll(entry.path, stage, listed.paths, maxBytesOf(options))
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
    const paths = nested.flat().filter((path) => checkPath(path, limits.maxPathBytes) === undefined)
    return { paths: paths.slice(0, rescueLimits.files) }
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
  // A list that is cut is longer than any limit on files.
  const run = () => git(repository, args, { index: indexOf(entry), workTree: entry.path, cut: true })
  const result = await run().catch(async (error: unknown) => {
    if (!(error instanceof GitError) || !/index file|bad signature|bad index|index uses/.test(error.stderr)) throw error
    // A broken index holds nothing that the branch and the tree do not.
    await rm(indexOf(entry), { force: true })
    await ensureIndex(repository, entry, tip)
    return run()
  })
  const paths = result.stdout.toString('utf8').split('\0')
  paths.pop()
  return paths
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
    .slice(0, rescueLimits.files)
}

function maxBytesOf(options: StageOptions): number {
  return options.lenient ? rescueLimits.bytes : fullPolicy(options.policy).maxFileBytes
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
