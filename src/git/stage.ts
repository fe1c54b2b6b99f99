/**
 * Turns what an agent left in its tree into a tree object. git lists the changed paths, the files are copied to a
 * private stage (see `copy-files.ts`), and git reads their contents from there.
 */

import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { writeEmptyTree } from './changes.ts'
import { type CopyResult, copyToStage } from './copy-files.ts'
import { copyIndex, exists } from './files.ts'
import { GitError } from './git.ts'
import { checkPath, fullPolicy, type ImportPolicy, type Violation } from './import-policy.ts'
import { type BareRepository, git, gitLine } from './repository.ts'
import { indexFileOf, type WorktreeRecord } from './worktree-records.ts'

/** The tree of everything in the working tree that is not ignored, or why it cannot be taken. */
export type StageResult = { kind: 'tree'; tree: Sha } | { kind: 'refused'; violations: Violation[] }

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
 * Writes the working tree's present state as a tree object into the bare clone. No filter, hook, attribute
 * program or configuration of the tree is used; its `.git` is not read. The private index stays as it was until
 * `promoteIndex` is called: a commit that is refused leaves nothing behind.
 */
export async function stageTree(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
  options: StageOptions = {},
): Promise<StageResult> {
  await ensureIndex(repository, record, tip)
  const listed = await changedPaths(repository, record, tip, options)
  if ('violations' in listed) return { kind: 'refused', violations: listed.violations }

  const stage = join(record.home, 'stage')
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { mode: 0o700 })
  try {
    const copied = await copyToStage(record.path, stage, listed.paths, maxBytesOf(options))
    if (copied.violations.length > 0 && !options.lenient) return { kind: 'refused', violations: copied.violations }
    const index = await prepareNextIndex(record)
    await updateIndex(repository, index, stage, copied)
    return { kind: 'tree', tree: sha(await gitLine(repository, ['write-tree'], { index })) }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/** Where the index of the last `stageTree` is, until it is promoted. */
export function nextIndex(record: WorktreeRecord): string {
  return `${indexFileOf(record)}.next`
}

/** A copy of the private index to work on. @returns its path */
export async function prepareNextIndex(record: WorktreeRecord): Promise<string> {
  const index = nextIndex(record)
  await rm(`${index}.lock`, { force: true })
  await copyIndex(indexFileOf(record), index)
  return index
}

/**
 * Makes the index of the last `stageTree` the private index. It keeps the time of the checkout: every file changed
 * since then is compared by content, so that a change within one tick of the clock is seen.
 */
export async function promoteIndex(record: WorktreeRecord): Promise<void> {
  const { atime, mtime } = await stat(indexFileOf(record))
  await utimes(nextIndex(record), atime, mtime)
  await rename(nextIndex(record), indexFileOf(record))
}

/** Makes the private index again, from the branch, where it is lost. */
async function ensureIndex(repository: BareRepository, record: WorktreeRecord, tip: Sha | undefined): Promise<void> {
  if (await exists(indexFileOf(record))) return
  await mkdir(record.home, { recursive: true, mode: 0o700 })
  await rm(`${indexFileOf(record)}.lock`, { force: true })
  // Without a branch that can be read, every file counts as new.
  await git(repository, ['read-tree', tip ?? (await writeEmptyTree(repository))], { index: indexFileOf(record) })
}

async function changedPaths(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
  options: StageOptions,
): Promise<{ paths: string[] } | { violations: Violation[] }> {
  const limits = fullPolicy(options.policy)
  const listed = await listChanged(repository, record, tip)
  const wanted = [...new Set(listed)].filter((path) => path !== '' && isWithin(path, options.paths))
  if (options.lenient) {
    const nested = await Promise.all(
      wanted.map((path) => (path.endsWith('/') ? filesBelow(record.path, path) : [path])),
    )
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

/** Not `--exclude-standard`: an agent can write `info/exclude`, which holds for every tree of the repository. */
export const gitignoreOnly = '--exclude-per-directory=.gitignore'

/** Modified, deleted and untracked paths. A folder in the list, ending with `/`, is a repository inside the tree. */
async function listChanged(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
): Promise<string[]> {
  const args = ['ls-files', '-z', '-m', '-d', '-o', gitignoreOnly]
  // A list that is cut is longer than any limit on files.
  const run = () => git(repository, args, { index: indexFileOf(record), workTree: record.path, cut: true })
  const result = await run().catch(async (error: unknown) => {
    if (!(error instanceof GitError) || !/index file|bad signature|bad index|index uses/.test(error.stderr)) throw error
    // A broken index holds nothing that the branch and the tree do not.
    await rm(indexFileOf(record), { force: true })
    await ensureIndex(repository, record, tip)
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
  const records = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])
  return records
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.split('/').includes('.git'))
    .slice(0, rescueLimits.files)
}

function maxBytesOf(options: StageOptions): number {
  return options.lenient ? rescueLimits.bytes : fullPolicy(options.policy).maxFileBytes
}

async function updateIndex(
  repository: BareRepository,
  index: string,
  stage: string,
  copied: CopyResult,
): Promise<void> {
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
