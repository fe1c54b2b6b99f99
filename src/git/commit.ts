/** Commits made on an agent's behalf. */

import { join } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { type ChangedFile, readBlobs, readChanges } from './changes.ts'
import { copyIndex, isDirectory } from './files.ts'
import type { Author } from './git-options.ts'
import { findMergeBase, isAncestorOf, listFilesAt, moveBranch, restoreBranch, writeCommit } from './history.ts'
import { checkImport, type ImportPolicy, type Violation } from './import-policy.ts'
import { lfsViolations } from './lfs.ts'
import type { BranchName } from './names.ts'
import { addsPath, unportableNames } from './portable-names.ts'
import { recordedRemoteHead } from './recorded-heads.ts'
import type { BareRepository } from './repository.ts'
import { treeOf } from './rescue.ts'
import { nextIndex, promoteIndex, stageTree } from './stage.ts'
import { indexFileOf, readRecord, type Worktree, type WorktreeRecord, writeRecord } from './worktree-records.ts'

/** What is committed, and for whom. */
export interface CommitRequest {
  message: string
  /** Author and committer. */
  author: Author
  /** Only these files and folders, relative to the tree; everything by default. */
  paths?: readonly string[]
  policy?: ImportPolicy
  /**
   * The server's base branch. With it, everything that the server does not have becomes one commit on top of what it
   * has: a commit that the server has refused is then in no history any more.
   */
  squashOnto?: Sha
}

/**
 * What came of a commit. After `refused` nothing has changed: the agent can correct its tree, and the next try may
 * pass.
 */
export type CommitResult =
  | { kind: 'committed'; sha: Sha; changes: ChangedFile[] }
  | { kind: 'unchanged'; sha: Sha }
  | { kind: 'refused'; violations: Violation[] }

/** Lines that a merge in conflict writes. A person or an agent must have removed them. */
const marker = /^(?:<{7}|>{7}) /m

/**
 * Commits the present files of a worktree (all that are not ignored) to its branch, if the import policy allows every
 * change. The commit goes onto the branch as Tutti knows it, whatever the tree's own HEAD says.
 * @throws {OperatorError} when there is no such worktree, or its folder or branch is gone.
 */
export async function commitWorktree(
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
  request: CommitRequest,
): Promise<CommitResult> {
  return repository.locks.runExclusive(`branch ${worktree.branch}`, async () => {
    const { record, tip } = await requireRecord(repository, worktree)
    const staged = await stageTree(repository, record, tip, request)
    if (staged.kind === 'refused') return staged
    if (!record.merge && staged.tree === (await treeOf(repository, tip))) return { kind: 'unchanged', sha: tip }

    const parents = await parentsOf(repository, record, tip, request.squashOnto)
    const changes = await ownChanges(repository, parents, staged.tree)
    const violations = [
      ...checkImport(changes, request.policy),
      ...(await namesOf(repository, changes, staged.tree)),
      ...(await remainingMarkers(repository, record, staged.tree)),
      ...(await lfsViolations(repository, nextIndex(record), changes)),
    ]
    if (violations.length > 0) return { kind: 'refused', violations }

    const commit = await writeCommit(repository, staged.tree, parents, request)
    await moveBranch(repository, record.branch, { from: tip, to: commit, reason: 'commit' })
    await finishCommit(record)
    return { kind: 'committed', sha: commit, changes }
  })
}

/**
 * Moves a branch to a commit that was made elsewhere with the same tree.
 * @throws {OperatorError} when the trees differ, or the branch is at neither commit.
 */
export async function adoptCommit(repository: BareRepository, branch: BranchName, from: Sha, to: Sha): Promise<void> {
  await repository.locks.runExclusive(`branch ${branch}`, async () => {
    const tip = await restoreBranch(repository, branch)
    if (tip === to) return
    const [ours, theirs] = [await treeOf(repository, from), await treeOf(repository, to)]
    if (tip !== from || !ours || ours !== theirs)
      throw new OperatorError(`${to} cannot take the place of ${from} on ${branch}: it is not the same work`)
    await moveBranch(repository, branch, { from, to, reason: 'verified' })
  })
}

/** The record of a worktree whose tree and branch are there. */
export async function requireRecord(
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<{ record: WorktreeRecord; tip: Sha }> {
  const record = await readRecord(repository, worktree.path)
  const tip = await restoreBranch(repository, worktree.branch)
  if (!record || record.branch !== worktree.branch || record.removing || !(await isDirectory(record.path))) {
    throw new OperatorError(`there is no worktree of ${worktree.branch} at ${worktree.path}`)
  }
  if (record.left) throw new OperatorError(`the worktree ${worktree.path} was left: its branch goes on in another one`)
  if (!tip) throw new OperatorError(`the branch ${worktree.branch} cannot be read`)
  return { record, tip }
}

/**
 * What the next commit is built on: the branch; or, squashed, what the server has of the branch, else the place where it
 * left the base. A base that was merged in meanwhile stays a parent.
 */
async function parentsOf(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha,
  base: Sha | undefined,
): Promise<[Sha, ...Sha[]]> {
  const merged = record.merge?.base
  const fork = base && (merged ?? (await findMergeBase(repository, base, tip)))
  if (!fork) return merged ? [tip, merged] : [tip]
  const pushed = await recordedRemoteHead(repository, record.branch)
  if (!pushed || !(await isAncestorOf(repository, pushed, tip))) return [fork]
  return (await isAncestorOf(repository, fork, pushed)) ? [pushed] : [pushed, fork]
}

/**
 * The changes against the first parent. Those that a merge brought in were reviewed on the other side: only what
 * differs from that side too is the agent's.
 */
async function ownChanges(repository: BareRepository, parents: [Sha, ...Sha[]], tree: Sha): Promise<ChangedFile[]> {
  const [first, ...others] = parents
  let changes = await readChanges(repository, first, tree)
  for (const other of others) {
    const paths = new Set((await readChanges(repository, other, tree)).map((change) => change.path))
    changes = changes.filter((change) => paths.has(change.path))
  }
  return changes
}

/** The whole tree is listed only where a path is new. */
async function namesOf(repository: BareRepository, changes: readonly ChangedFile[], tree: Sha): Promise<Violation[]> {
  return changes.some(addsPath) ? unportableNames(changes, await listFilesAt(repository, tree)) : []
}

async function remainingMarkers(repository: BareRepository, record: WorktreeRecord, tree: Sha): Promise<Violation[]> {
  const paths = (record.merge?.paths ?? []).filter((path) => !path.includes('\n'))
  const blobs = await readBlobs(
    repository,
    paths.map((path) => `${tree}:${path}`),
  )
  return paths
    .filter((_, index) => marker.test(blobs[index]?.toString('latin1') ?? ''))
    .map((path) => ({ path, kind: 'conflict' as const, reason: 'still holds the markers of a merge conflict' }))
}

/** After the branch moved: makes the new index the private one and git's own, and ends a merge that was begun. */
async function finishCommit(record: WorktreeRecord): Promise<void> {
  await promoteIndex(record)
  await publishIndex(record)
  if (!record.merge) return
  record.merge = undefined
  await writeRecord(record)
}

/** Gives `git status` in the tree the index that belongs to the new commit. Only a view: a failure does no harm. */
export async function publishIndex(record: WorktreeRecord): Promise<void> {
  if (record.scratch) return
  await copyIndex(indexFileOf(record), join(record.gitDir, 'index')).catch(() => {})
}
