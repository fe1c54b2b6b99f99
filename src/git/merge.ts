/**
 * Merges the base branch into a module branch. The merge is made of objects; then the files are brought to its result.
 */

import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { publishIndex } from './commit.ts'
import { isDirectory } from './files.ts'
import { GitError } from './git.ts'
import type { Author } from './git-options.ts'
import { forecastMerge, isAncestorOf, type MergeForecast, moveBranch, restoreBranch, writeCommit } from './history.ts'
import type { BranchName } from './names.ts'
import { type BareRepository, git } from './repository.ts'
import { treeOf } from './rescue.ts'
import { prepareNextIndex, promoteIndex, stageTree } from './stage.ts'
import { readRecords, type WorktreeRecord, writeRecord } from './worktree-records.ts'

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
export type UpdateResult =
  | { kind: 'merged'; sha: Sha }
  | { kind: 'up-to-date'; sha: Sha }
  | { kind: 'dirty' }
  | { kind: 'conflict'; paths: string[]; marked: boolean }

/**
 * Merges a commit of the base branch into a module branch. With a worktree on the branch, its files are brought to the
 * result too; no agent may be running in it.
 * @throws {OperatorError} when there is no such branch.
 */
export async function updateFromBase(repository: BareRepository, request: UpdateRequest): Promise<UpdateResult> {
  const { branch, base } = request
  return repository.locks.runExclusive(`branch ${branch}`, async () => {
    const tip = await restoreBranch(repository, branch)
    if (!tip) throw new OperatorError(`there is no branch ${branch}`)
    if (await isAncestorOf(repository, base, tip)) return { kind: 'up-to-date', sha: tip }
    const record = await recordOn(repository, branch)
    if (record && (await isDirty(repository, record, tip))) return { kind: 'dirty' }

    const merge = await forecastMerge(repository, tip, base)
    if (!merge.clean) return reportConflict(repository, request, merge, { record, tip })
    const message = request.message ?? `Merge the base branch into ${branch}`
    const commit = await writeCommit(repository, merge.tree, [tip, base], { message, author: request.author })
    // Files first: a crash in between leaves changes that are committed next, not a commit that the files undo.
    if (record && !(await updateFiles(repository, record, tip, commit))) return { kind: 'dirty' }
    await moveBranch(repository, branch, { from: tip, to: commit, reason: 'merge' })
    return { kind: 'merged', sha: commit }
  })
}

async function reportConflict(
  repository: BareRepository,
  request: UpdateRequest,
  merge: Extract<MergeForecast, { clean: false }>,
  { record, tip }: { record: WorktreeRecord | undefined; tip: Sha },
): Promise<UpdateResult> {
  const { conflicts: paths, tree } = merge
  if (request.conflicts !== 'mark' || !record || !tree) return { kind: 'conflict', paths, marked: false }
  if (!(await updateFiles(repository, record, tip, tree))) return { kind: 'dirty' }
  await writeRecord({ ...record, merge: { base: request.base, paths } })
  return { kind: 'conflict', paths, marked: true }
}

async function recordOn(repository: BareRepository, branch: BranchName): Promise<WorktreeRecord | undefined> {
  const records = await readRecords(repository)
  const record = records.find((other) => other.branch === branch && !other.removing && !other.left)
  return record && (await isDirectory(record.path)) ? record : undefined
}

async function isDirty(repository: BareRepository, record: WorktreeRecord, tip: Sha): Promise<boolean> {
  if (record.merge) return true
  const staged = await stageTree(repository, record, tip)
  return staged.kind === 'refused' || staged.tree !== (await treeOf(repository, tip))
}

/**
 * Brings the files of a clean tree from one commit or tree to another. Ignored files in the way are overwritten, as by
 * `git merge`.
 * @returns false when git found another file in the way, which came in the meantime; then nothing was changed.
 */
async function updateFiles(repository: BareRepository, record: WorktreeRecord, from: Sha, to: Sha): Promise<boolean> {
  const index = await prepareNextIndex(record)
  const options = { index, workTree: record.path }
  // After a commit the index holds the times of the stage and not of the tree; read-tree would take that for changes.
  await git(repository, ['update-index', '-q', '--refresh'], { ...options, accept: [1] })
  try {
    await git(repository, ['read-tree', '-m', '-u', from, to], options)
  } catch (error) {
    if (error instanceof GitError && /overwritten|not uptodate|would lose|removed/.test(error.stderr)) return false
    throw error
  }
  await promoteIndex(record)
  await publishIndex(record)
  return true
}
