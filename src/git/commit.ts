/** Commits made on an agent's behalf. */

import { join } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { type Change, readBlobs, readChanges } from './changes.ts'
import { copyIndex, isDirectory } from './files.ts'
import type { Author } from './git-options.ts'
import { moveBranch, resolveCommit, writeCommit } from './history.ts'
import { checkImport, type ImportPolicy, type Violation } from './import-policy.ts'
import type { Repository } from './repository.ts'
import { treeOf } from './rescue.ts'
import { keepIndex, stageTree } from './stage.ts'
import { type Entry, indexOf, readEntry, type Worktree, writeEntry } from './worktree-records.ts'

/** What is committed, and for whom. */
export interface CommitRequest {
  message: string
  /** Author and committer. */
  author: Author
  /** Only these files and folders, relative to the tree; everything by default. */
  paths?: readonly string[]
  policy?: ImportPolicy
}

/** What came of a commit. After `refused` nothing has changed: the agent can mend its tree and it is tried again. */
export type Committed =
  | { kind: 'committed'; sha: Sha; changes: Change[] }
  | { kind: 'unchanged'; sha: Sha }
  | { kind: 'refused'; violations: Violation[] }

/** Lines that a merge in conflict writes and a person or agent must have removed. */
const marker = /^(?:<{7}|>{7}) /m

/**
 * Commits the present files of a worktree (all that are not ignored) to its branch, if the import rules allow every
 * change. The commit goes onto the branch as Tutti knows it, whatever the tree's own HEAD says.
 * @throws {OperatorError} when there is no such worktree, or its folder or branch is gone.
 */
export async function commitWorktree(
  repository: Repository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
  request: CommitRequest,
): Promise<Committed> {
  return repository.turns.take(`branch ${worktree.branch}`, async () => {
    const { entry, tip } = await findEntry(repository, worktree)
    const staged = await stageTree(repository, entry, tip, request)
    if (staged.kind === 'refused') return staged
    if (!entry.merge && staged.tree === (await treeOf(repository, tip))) return { kind: 'unchanged', sha: tip }

    const changes = await readChanges(repository, tip, staged.tree)
    const violations = checkImport(await ownChanges(repository, entry, staged.tree, changes), request.policy)
    violations.push(...(await leftMarkers(repository, entry, staged.tree)))
    if (violations.length > 0) return { kind: 'refused', violations }

    const parents = entry.merge ? [tip, entry.merge.base] : [tip]
    const commit = await writeCommit(repository, staged.tree, parents, request)
    await moveBranch(repository, entry.branch, commit, tip, 'commit')
    await settle(entry)
    return { kind: 'committed', sha: commit, changes }
  })
}

/** The record of a worktree whose tree and branch are there. */
export async function findEntry(
  repository: Repository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<{ entry: Entry; tip: Sha }> {
  const entry = await readEntry(repository, worktree.path)
  const tip = await resolveCommit(repository, worktree.branch)
  if (!entry || entry.branch !== worktree.branch || entry.removing || !(await isDirectory(entry.path))) {
    throw new OperatorError(`there is no worktree of ${worktree.branch} at ${worktree.path}`)
  }
  if (!tip) throw new OperatorError(`the branch ${worktree.branch} cannot be read`)
  return { entry, tip }
}

/** What the other side of a merge brought in has been reviewed there; only what differs from it too is the agent's. */
async function ownChanges(repository: Repository, entry: Entry, tree: Sha, changes: Change[]): Promise<Change[]> {
  if (!entry.merge) return changes
  const fromBase = await readChanges(repository, entry.merge.base, tree)
  const paths = new Set(fromBase.map((change) => change.path))
  return changes.filter((change) => paths.has(change.path))
}

async function leftMarkers(repository: Repository, entry: Entry, tree: Sha): Promise<Violation[]> {
  const paths = (entry.merge?.paths ?? []).filter((path) => !path.includes('\n'))
  const blobs = await readBlobs(
    repository,
    paths.map((path) => `${tree}:${path}`),
  )
  return paths
    .filter((_, index) => marker.test(blobs[index]?.toString('latin1') ?? ''))
    .map((path) => ({ path, kind: 'conflict' as const, reason: 'still holds the markers of a merge conflict' }))
}

/** After the branch moved: the private index is the present one, git's own too, and a merge that was begun is done. */
async function settle(entry: Entry): Promise<void> {
  await keepIndex(entry)
  await showIndex(entry)
  if (!entry.merge) return
  entry.merge = undefined
  await writeEntry(entry)
}

/** Gives `git status` in the tree the index that belongs to the new commit. Only a view: a failure harms nobody. */
export async function showIndex(entry: Entry): Promise<void> {
  if (entry.scratch) return
  await copyIndex(indexOf(entry), join(entry.gitDir, 'index')).catch(() => {})
}
