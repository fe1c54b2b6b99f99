/** Removes worktrees. What exists nowhere else is not deleted: it goes to a rescue ref first. */

import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { exists, removeFolder, withoutLinks } from './files.ts'
import { branchHead, deleteModuleBranch, isAncestorOf } from './history.ts'
import { copyObjects, readScratchTip } from './import-commits.ts'
import { processesInside } from './locks.ts'
import { readRemoteHeads } from './recorded-heads.ts'
import { type BareRepository, gitLine } from './repository.ts'
import { type Rescue, rescueTree, saveRescue } from './rescue.ts'
import {
  deleteRecord,
  inferRecord,
  readRecord,
  type Worktree,
  type WorktreeRecord,
  writeRecord,
} from './worktree-records.ts'

/** How a worktree is removed. */
export interface RemoveOptions {
  /** Asked first and again right before the deletion; true refuses it. */
  inUse?: () => boolean
  /** A commit that need not be rescued: it was merged as another one (a squash), or thrown away on purpose. */
  merged?: Sha
  /** Nothing in it is work: what gates or a planning agent wrote there is deleted with it. */
  discard?: boolean
  /** Leave the branch in the bare clone. By default it is deleted with the tree. */
  keepBranch?: boolean
}

/** The worktree cannot be removed, because a program works in it. */
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
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
  options: RemoveOptions = {},
): Promise<{ rescued?: Rescue }> {
  return repository.locks.runExclusive(`branch ${worktree.branch}`, async () => {
    const record = await findRecord(repository, worktree)
    if (!record) return {}
    if (record.removing) {
      await finishRemoval(repository, record)
      return {}
    }
    await refuseInUse(record, options)
    // The branch of a tree that was left goes on in another one.
    const keepBranch = options.keepBranch || record.left !== undefined
    const tip = record.left?.at ?? (await branchHead(repository, record.branch))
    const nothing = options.discard || (await isUnfinished(record))
    const rescued = nothing ? undefined : await rescueWork(repository, record, tip, { ...options, keepBranch })
    await refuseInUse(record, options)
    record.removing = tip && !keepBranch ? { branchAt: tip } : {}
    await writeRecord(record)
    await finishRemoval(repository, record)
    return rescued ? { rescued } : {}
  })
}

async function findRecord(
  repository: BareRepository,
  worktree: Pick<Worktree, 'path' | 'branch'>,
): Promise<WorktreeRecord | undefined> {
  const record = await readRecord(repository, worktree.path)
  if (record) return record.branch === worktree.branch ? record : undefined
  // Made by git, but a crash came before the record.
  return inferRecord(repository, await withoutLinks(worktree.path), worktree.branch)
}

/**
 * True for a checkout that a crash cut short. There is no record yet, so no agent has seen the tree. git marks it until
 * it is done.
 */
export async function isUnfinished(record: WorktreeRecord): Promise<boolean> {
  if (await exists(join(record.home, 'record.json'))) return false
  const marker = await readFile(join(record.gitDir, 'locked'), 'utf8').catch(() => '')
  return marker.startsWith('initializing')
}

async function refuseInUse(record: WorktreeRecord, options: RemoveOptions): Promise<void> {
  if (options.inUse?.()) throw new WorktreeInUse(`the worktree ${record.path} is in use`, 'Stop its agent first.')
  const own = resolve(process.cwd())
  const pids = await processesInside(record.path)
  if (own === record.path || own.startsWith(`${record.path}/`)) pids.push(process.pid)
  if (pids.length === 0) return
  throw new WorktreeInUse(
    `the worktree ${record.path} is in use by process ${[...new Set(pids)].join(', ')}`,
    'Stop that process first.',
  )
}

async function rescueWork(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
  options: RemoveOptions,
): Promise<Rescue | undefined> {
  const scratch = record.scratch ? await scratchCommit(repository, record, tip) : undefined
  const rescued = await rescueTree(repository, record, scratch ?? tip)
  if (rescued) return rescued
  if (scratch) return saveRescue(repository, record.branch, scratch)
  if (!tip || options.keepBranch || tip === options.merged || (await isOnServer(repository, tip))) return undefined
  return saveRescue(repository, record.branch, tip)
}

/** A commit of the agent's own repository that the branch does not have. */
async function scratchCommit(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
): Promise<Sha | undefined> {
  const commit = await readScratchTip(record.path, record.branch)
  if (!commit || commit === tip) return undefined
  await copyObjects(repository, record.path, commit, tip)
  return tip && (await isAncestorOf(repository, commit, tip)) ? undefined : commit
}

/** Whether a branch of the server has the commit, as of the last fetch or push. */
async function isOnServer(repository: BareRepository, commit: Sha): Promise<boolean> {
  const heads = new Set((await readRemoteHeads(repository))?.values())
  const input = [commit, ...[...heads].map((head) => `^${head}`), ''].join('\n')
  const line = await gitLine(repository, ['rev-list', '--max-count=1', '--ignore-missing', '--stdin'], { input })
  return line === ''
}

/** Deletes a tree that is not in use, git's notes and ours. The caller has rescued what must be kept. */
export async function deleteWorktree(record: WorktreeRecord): Promise<void> {
  await removeFolder(record.path)
  // Not `git worktree remove`: that runs `git status` by the tree's own `.git` file.
  if (!record.scratch) await rm(record.gitDir, { recursive: true, force: true })
  await deleteRecord(record)
}

/** Carries out a removal that is recorded as begun, also after a crash. The record goes last. */
export async function finishRemoval(repository: BareRepository, record: WorktreeRecord): Promise<void> {
  await removeFolder(record.path)
  if (!record.scratch) await rm(record.gitDir, { recursive: true, force: true })
  const at = record.removing?.branchAt
  if (at && (await branchHead(repository, record.branch)) === at) await deleteModuleBranch(repository, record.branch)
  await deleteRecord(record)
}
