/** Taking worktrees away. Nothing that is nowhere else is deleted: it goes to a rescue ref first. */

import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { exists, removeFolder, withoutLinks } from './files.ts'
import { headRef, isAncestorOf, resolveCommit } from './history.ts'
import { bringObjects, readScratchTip } from './import-commits.ts'
import { processesInside } from './locks.ts'
import { git, gitLine, type Repository } from './repository.ts'
import { keep, type Rescue, rescueTree } from './rescue.ts'
import { dropEntry, type Entry, guessEntry, readEntry, type Worktree, writeEntry } from './worktree-records.ts'

/** How a worktree is removed. */
export interface RemoveOptions {
  /** Asked first and again right before the deletion; true refuses it. */
  inUse?: () => boolean
  /** The branch's commit is known to be safe, because it was merged as another one (a squash) or thrown away on purpose. */
  merged?: Sha
  /** Leave the branch in the control repository. By default it is deleted with the tree. */
  keepBranch?: boolean
}

/** The worktree cannot be removed because somebody works in it. */
export class WorktreeInUse extends OperatorError {
  override name = 'WorktreeInUse'
}

/**
 * Removes a worktree and its branch. Uncommitted and untracked files (not ignored ones), commits that the server does
 * not have, and commits of a scratch repository that were never imported go to a rescue ref first.
 * @returns the rescue, if there was something to keep; nothing also when there is no such worktree any more.
 * @throws {WorktreeInUse} when `inUse` says so, or a process (this one too) has its working folder inside.
 */
export async function removeWorktree(
  repository: Repository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
  options: RemoveOptions = {},
): Promise<{ rescued?: Rescue }> {
  return repository.turns.take(`branch ${worktree.branch}`, async () => {
    const entry = await findAny(repository, worktree)
    if (!entry) return {}
    if (entry.removing) {
      await finishRemoval(repository, entry)
      return {}
    }
    await refuseInUse(entry, options)
    const tip = await resolveCommit(repository, entry.branch)
    const rescued = (await isUnfinished(entry)) ? undefined : await keepAll(repository, entry, tip, options)
    await refuseInUse(entry, options)
    entry.removing = tip && !options.keepBranch ? { branchAt: tip } : {}
    await writeEntry(entry)
    await finishRemoval(repository, entry)
    return rescued ? { rescued } : {}
  })
}

async function findAny(
  repository: Repository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<Entry | undefined> {
  const entry = await readEntry(repository, worktree.path)
  if (entry) return entry.branch === worktree.branch ? entry : undefined
  // Made by git, but a crash came before the record.
  return guessEntry(repository, await withoutLinks(worktree.path), worktree.branch)
}

/**
 * True for a checkout that a crash cut short: there is no record yet, so no agent has seen the tree. git marks it so until
 * it is done.
 */
export async function isUnfinished(entry: Entry): Promise<boolean> {
  if (await exists(join(entry.home, 'record.json'))) return false
  const marker = await readFile(join(entry.gitDir, 'locked'), 'utf8').catch(() => '')
  return marker.startsWith('initializing')
}

async function refuseInUse(entry: Entry, options: RemoveOptions): Promise<void> {
  if (options.inUse?.()) throw new WorktreeInUse(`the worktree ${entry.path} is in use`, 'Stop its agent first.')
  const own = resolve(process.cwd())
  const pids = await processesInside(entry.path)
  if (own === entry.path || own.startsWith(`${entry.path}/`)) pids.push(process.pid)
  if (pids.length === 0) return
  throw new WorktreeInUse(
    `the worktree ${entry.path} is in use by process ${[...new Set(pids)].join(', ')}`,
    'Stop that process first.',
  )
}

async function keepAll(
  repository: Repository,
  entry: Entry,
  tip: Sha | undefined,
  options: RemoveOptions,
): Promise<Rescue | undefined> {
  const scratch = entry.scratch ? await scratchCommit(repository, entry, tip) : undefined
  const rescued = await rescueTree(repository, entry, scratch ?? tip)
  if (rescued) return rescued
  if (scratch) return keep(repository, entry.branch, scratch)
  if (!tip || options.keepBranch || tip === options.merged || (await isOnServer(repository, tip))) return undefined
  return keep(repository, entry.branch, tip)
}

/** A commit of the agent's own repository that the branch does not have. */
async function scratchCommit(repository: Repository, entry: Entry, tip: Sha | undefined): Promise<Sha | undefined> {
  const commit = await readScratchTip(entry.path, entry.branch)
  if (!commit || commit === tip) return undefined
  await bringObjects(repository, entry.path, commit, tip)
  return tip && (await isAncestorOf(repository, commit, tip)) ? undefined : commit
}

/** Whether a branch of the server has the commit, as of the last fetch or push. */
async function isOnServer(repository: Repository, commit: Sha): Promise<boolean> {
  const line = await gitLine(repository, ['rev-list', '--max-count=1', commit, '--not', '--remotes=origin'])
  return line === ''
}

/** Deletes a tree that nobody works in, git's notes and ours. What was worth keeping has been kept by the caller. */
export async function forget(entry: Entry): Promise<void> {
  await removeFolder(entry.path)
  // Not `git worktree remove`: that runs `git status` by the tree's own `.git` file.
  if (!entry.scratch) await rm(entry.gitDir, { recursive: true, force: true })
  await dropEntry(entry)
}

/** Carries out a removal that is recorded as begun, also after a crash. The record goes last. */
export async function finishRemoval(repository: Repository, entry: Entry): Promise<void> {
  await removeFolder(entry.path)
  if (!entry.scratch) await rm(entry.gitDir, { recursive: true, force: true })
  const at = entry.removing?.branchAt
  if (at && (await resolveCommit(repository, entry.branch)) === at) {
    await git(repository, ['update-ref', '--no-deref', '-d', headRef(entry.branch), at])
  }
  await dropEntry(entry)
}
