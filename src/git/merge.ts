/** Bringing the base branch into a module branch. The merge is made of objects; the tree is only brought to its result. */

import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { showIndex } from './commit.ts'
import { isDirectory } from './files.ts'
import { GitError } from './git.ts'
import type { Author } from './git-options.ts'
import { type Forecast, forecastMerge, isAncestorOf, moveBranch, resolveCommit, writeCommit } from './history.ts'
import type { BranchName } from './names.ts'
import { git, type Repository } from './repository.ts'
import { treeOf } from './rescue.ts'
import { keepIndex, stageTree, withNextIndex } from './stage.ts'
import { type Entry, readEntries, writeEntry } from './worktree-records.ts'

/** What is merged into what. */
export interface UpdateRequest {
  branch: BranchName
  /** The commit of the base branch. */
  base: Sha
  author: Author
  message?: string
  /**
   * What to do where both sides changed the same lines: `leave` everything as it is (default), or `mark` them in the
   * files of the worktree, for an agent to resolve; the next commit then becomes the merge.
   */
  conflicts?: 'leave' | 'mark'
}

/**
 * What came of it. `dirty`: the worktree has changes that are not committed, so nothing was done. `marked` says whether
 * the conflict's markers are in the files now.
 */
export type Updated =
  | { kind: 'merged'; sha: Sha }
  | { kind: 'up-to-date'; sha: Sha }
  | { kind: 'dirty' }
  | { kind: 'conflict'; paths: string[]; marked: boolean }

/**
 * Merges a commit of the base branch into a module branch. With a worktree on the branch, its files are brought to the
 * result too; no agent may be running in it.
 * @throws {OperatorError} when there is no such branch.
 */
export async function updateFromBase(repository: Repository, request: UpdateRequest): Promise<Updated> {
  const { branch, base } = request
  return repository.turns.take(`branch ${branch}`, async () => {
    const tip = await resolveCommit(repository, branch)
    if (!tip) throw new OperatorError(`there is no branch ${branch}`)
    if (await isAncestorOf(repository, base, tip)) return { kind: 'up-to-date', sha: tip }
    const entry = await entryOn(repository, branch)
    if (entry && (await isDirty(repository, entry, tip))) return { kind: 'dirty' }

    const merge = await forecastMerge(repository, tip, base)
    if (!merge.clean) return meetConflict(repository, request, merge, entry, tip)
    const message = request.message ?? `Merge the base branch into ${branch}`
    const commit = await writeCommit(repository, merge.tree, [tip, base], { message, author: request.author })
    // Files first: a crash in between leaves changes that are committed next, not a commit that the files undo.
    if (entry && !(await bringTree(repository, entry, tip, commit))) return { kind: 'dirty' }
    await moveBranch(repository, branch, commit, tip, 'merge')
    return { kind: 'merged', sha: commit }
  })
}

async function meetConflict(
  repository: Repository,
  request: UpdateRequest,
  merge: Extract<Forecast, { clean: false }>,
  entry: Entry | undefined,
  tip: Sha,
): Promise<Updated> {
  const { conflicts: paths, tree } = merge
  if (request.conflicts !== 'mark' || !entry || !tree) return { kind: 'conflict', paths, marked: false }
  if (!(await bringTree(repository, entry, tip, tree))) return { kind: 'dirty' }
  await writeEntry({ ...entry, merge: { base: request.base, paths } })
  return { kind: 'conflict', paths, marked: true }
}

async function entryOn(repository: Repository, branch: BranchName): Promise<Entry | undefined> {
  const entries = await readEntries(repository)
  const entry = entries.find((other) => other.branch === branch && !other.removing)
  return entry && (await isDirectory(entry.path)) ? entry : undefined
}

async function isDirty(repository: Repository, entry: Entry, tip: Sha): Promise<boolean> {
  if (entry.merge) return true
  const staged = await stageTree(repository, entry, tip)
  return staged.kind === 'refused' || staged.tree !== (await treeOf(repository, tip))
}

/**
 * Brings the files of a clean tree from one commit or tree to another. Ignored files in the way are overwritten, as by `git merge`.
 * @returns false when git found another file in the way, which came in the meantime; then nothing was changed.
 */
async function bringTree(repository: Repository, entry: Entry, from: Sha, to: Sha): Promise<boolean> {
  const index = await withNextIndex(entry)
  const options = { index, workTree: entry.path }
  // After a commit the index holds the times of the stage and not of the tree; read-tree would take that for changes.
  await git(repository, ['update-index', '-q', '--refresh'], { ...options, accept: [1] })
  try {
    await git(repository, ['read-tree', '-m', '-u', from, to], options)
  } catch (error) {
    if (error instanceof GitError && /overwritten|not uptodate|would lose|removed/.test(error.stderr)) return false
    throw error
  }
  await keepIndex(entry)
  await showIndex(entry)
  return true
}
