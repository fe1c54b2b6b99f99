/** Makes working trees, and finds them again after a crash. */

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { copyIndex, exists, isDirectory, withoutLinks } from './files.ts'
import { GitError, runGit } from './git.ts'
import { branchHead, deleteModuleBranch, headRef, moveBranch, restoreBranch } from './history.ts'
import type { BranchName } from './names.ts'
import { recordHead } from './recorded-heads.ts'
import { readRef } from './refs.ts'
import { deleteWorktree, finishRemoval, isUnfinished } from './remove-worktree.ts'
import { repairWorktree } from './repair.ts'
import { type BareRepository, git } from './repository.ts'
import { type Rescue, rescueTree } from './rescue.ts'
import {
  gitDirsFor,
  indexFileOf,
  inferRecord,
  readRecords,
  recordFolder,
  type Worktree,
  type WorktreeRecord,
  writeRecord,
} from './worktree-records.ts'

/** What tree is wanted. */
export interface WorktreeRequest {
  /** Where the tree goes. The folders above it are made; they must not be writable by agents. */
  path: string
  branch: BranchName
  /** Where a new branch starts. A branch that is there already is taken as it is. */
  base: Sha
  /** Give the agent a repository of its own instead, for agents that insist on committing. */
  scratch?: boolean
}

/** A tree ready for an agent, and how it came about. */
export interface ReadyWorktree extends Worktree {
  outcome: 'created' | 'reused' | 'rebuilt'
  /** What was wrong and was put right, in plain English. */
  repaired: string[]
  /** Work that had to be moved out of the way. */
  rescued?: Rescue
}

/** The path or the branch is in use by another worktree. */
export class WorktreeExists extends OperatorError {
  override name = 'WorktreeExists'
  readonly path: string
  readonly branch: BranchName | undefined

  constructor(path: string, branch: BranchName | undefined, message: string) {
    super(message, 'Remove that worktree first, or use another path and branch.')
    this.path = path
    this.branch = branch
  }
}

/**
 * Makes a tree on a module branch, or finds the one that is there. A fresh one costs one start of git. A sound one is
 * used again as it is, with uncommitted work; notes of git that were changed are put right. One that cannot be repaired
 * is rebuilt, and its work is kept on a rescue ref. No agent may be running in it.
 * @throws {WorktreeExists} when the path or the branch belongs to another worktree, or the path holds other files.
 */
export async function addWorktree(repository: BareRepository, request: WorktreeRequest): Promise<ReadyWorktree> {
  await mkdir(dirname(resolve(request.path)), { recursive: true })
  const path = await withoutLinks(request.path)
  return repository.locks.runExclusive(`branch ${request.branch}`, async () => {
    const found = await claim(repository, path, request.branch)
    if (!found) return create(repository, path, request)
    return reuse(repository, found, request)
  })
}

/** The record for exactly this path and branch. Records of trees that are gone, or half gone, are cleared away. */
async function claim(
  repository: BareRepository,
  path: string,
  branch: BranchName,
): Promise<WorktreeRecord | undefined> {
  const records = await readRecords(repository)
  for (const record of records.filter((other) => other.path === path || other.branch === branch)) {
    const same = record.path === path && record.branch === branch
    // A tree that was left keeps its folder, and its branch goes on in another one.
    if (record.left && record.path !== path) continue
    if (record.removing) {
      await finishRemoval(repository, record)
    } else if (!same && !(await exists(record.path))) {
      await deleteWorktree(record)
    } else if (!same || record.left) {
      throw inUse(record)
    }
  }
  return records.find((record) => record.path === path && record.branch === branch && !record.removing)
}

function inUse(record: Worktree): WorktreeExists {
  return new WorktreeExists(record.path, record.branch, `branch ${record.branch} has a worktree at ${record.path}`)
}

async function create(repository: BareRepository, path: string, request: WorktreeRequest): Promise<ReadyWorktree> {
  const { branch, base } = request
  const rescued = (await isOccupied(path)) ? await removeHalfMade(repository, path, branch) : undefined
  const home = recordFolder(repository, path)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const gitDir = request.scratch
    ? await cloneScratch(repository, path, branch, base)
    : await checkOut(repository, path, branch, base)
  const record: WorktreeRecord = {
    path,
    branch,
    gitDir,
    scratch: request.scratch ?? false,
    home,
    removing: undefined,
    left: undefined,
    merge: undefined,
  }
  await copyIndex(join(gitDir, 'index'), indexFileOf(record))
  await writeRecord(record)
  return ready(record, 'created', [], rescued)
}

function ready(
  record: WorktreeRecord,
  outcome: ReadyWorktree['outcome'],
  repaired: string[],
  rescued?: Rescue,
): ReadyWorktree {
  const { path, branch, gitDir, scratch } = record
  return { path, branch, gitDir, scratch, outcome, repaired, ...(rescued ? { rescued } : {}) }
}

async function isOccupied(path: string): Promise<boolean> {
  if (!(await exists(path))) return false
  if (!(await isDirectory(path))) return true
  return (await readdir(path)).length > 0
}

/** A tree without a record: a crash came before the checkout was done, or the records were lost. */
async function removeHalfMade(
  repository: BareRepository,
  path: string,
  branch: BranchName,
): Promise<Rescue | undefined> {
  const record = await inferRecord(repository, path, branch)
  if (!record) {
    throw new WorktreeExists(path, undefined, `${path} holds files that are not a worktree of this repository`)
  }
  const tip = await branchHead(repository, branch)
  const rescued = (await isUnfinished(record)) ? undefined : await rescueTree(repository, record, tip)
  await deleteWorktree(record)
  return rescued
}

async function checkOut(repository: BareRepository, path: string, branch: BranchName, base: Sha): Promise<string> {
  // No checkout hook, filter or submodule runs: see `git-settings.ts`.
  const fresh = ['worktree', 'add', '-q', '--no-track', '-b', branch, '--end-of-options', path, base]
  await git(repository, fresh).catch(async (error: unknown) => {
    if (!(error instanceof GitError)) throw error
    await removeDeadNotes(repository, path)
    const onBranch = (await restoreBranch(repository, branch)) !== undefined
    const again = onBranch ? ['worktree', 'add', '-q', '--end-of-options', path, branch] : fresh
    await git(repository, again).catch((second: unknown) => {
      throw second instanceof GitError ? toWorktreeExists(path, branch, second) : second
    })
  })
  await restoreBranch(repository, branch)
  const pointer = await readFile(join(path, '.git'), 'utf8')
  return pointer.replace(/^gitdir: /, '').trim()
}

function toWorktreeExists(path: string, branch: BranchName, error: GitError): Error {
  const other = /already (?:checked out|used by worktree) at '(?<path>[^']+)'/.exec(error.stderr)?.groups?.path
  if (other) return new WorktreeExists(other, branch, `branch ${branch} has a worktree at ${other}`)
  if (/already exists/.test(error.stderr)) return new WorktreeExists(path, undefined, `${path} is in use`)
  return error
}

/** Removes git's notes about trees that do not exist any more, and about the one that is to be made. */
async function removeDeadNotes(repository: BareRepository, path: string): Promise<void> {
  for (const gitDir of await gitDirsFor(repository, path)) await rm(gitDir, { recursive: true, force: true })
  const parent = join(repository.gitDir, 'worktrees')
  for (const name of await readdir(parent).catch(() => [])) {
    const pointer = (await readFile(join(parent, name, 'gitdir'), 'utf8').catch(() => '')).trim()
    // git itself is making this one at the moment when it has no pointer yet.
    if (pointer !== '' && !(await exists(dirname(pointer))))
      await rm(join(parent, name), { recursive: true, force: true })
  }
}

async function cloneScratch(repository: BareRepository, path: string, branch: BranchName, base: Sha): Promise<string> {
  if (!(await restoreBranch(repository, branch)))
    await moveBranch(repository, branch, { from: null, to: base, reason: 'new branch' })
  const flags = ['-q', '--shared', '--single-branch', '--no-tags', '--template=', `--branch=${branch}`]
  // No token, and no server: only our own folder is read.
  const remote = { askpass: 'false', origin: 'none', token: undefined, allowLocal: true }
  await runGit(['clone', ...flags, '--end-of-options', repository.gitDir, path], { remote }, repository.start)
  return join(path, '.git')
}

async function reuse(
  repository: BareRepository,
  record: WorktreeRecord,
  request: WorktreeRequest,
): Promise<ReadyWorktree> {
  const found = await readRef(repository.gitDir, headRef(record.branch))
  const tip = await restoreBranch(repository, record.branch)
  const whole = await isDirectory(record.path)
  if (whole && tip && record.scratch === (request.scratch ?? false)) {
    const repaired = await repairWorktree(repository, record, tip)
    const astray = found === tip ? [] : ['the branch was not where Tutti had put it']
    return ready(record, 'reused', [...astray, ...repaired.problems], repaired.rescued)
  }
  const reasons = [...(whole ? [] : ['the folder was gone']), ...(tip ? [] : ['the branch could not be read'])]
  const rescued = await rescueTree(repository, record, tip)
  await deleteWorktree(record)
  if (!tip) await deleteBrokenBranch(repository, record.branch)
  const made = await create(repository, record.path, request)
  return { ...made, outcome: 'rebuilt', repaired: reasons, ...(rescued ? { rescued } : {}) }
}

/** While a ref holds no commit that we can read, git cannot make the branch again. */
async function deleteBrokenBranch(repository: BareRepository, branch: BranchName): Promise<void> {
  await deleteModuleBranch(repository, branch).catch(() => {})
  await rm(join(repository.gitDir, headRef(branch)), { force: true })
  await recordHead(repository, branch, undefined)
}
