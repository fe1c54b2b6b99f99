/**
 * The bare clone: one bare repository per target, owned by Tutti and never writable by an agent. Only it talks to the
 * server, and only through it do an agent's files become commits. Start reading here.
 */

import type { CommitFile } from '../domain/github.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { type ChangedFile, readChanges } from './changes.ts'
import { adoptCommit, type CommitRequest, type CommitResult, commitWorktree } from './commit.ts'
import { readCommitFiles } from './commit-files.ts'
import { packCommit, unpackCommit } from './commit-packs.ts'
import { compact, unusedSince } from './compact.ts'
import { createFetcher } from './fetch.ts'
import { forecastPairs } from './forecast-pairs.ts'
import type { Author } from './git-options.ts'
import * as history from './history.ts'
import { listIgnored } from './ignored-files.ts'
import { type ImportResult, importFrom } from './import-commits.ts'
import type { ImportPolicy } from './import-policy.ts'
import { type BareCloneOptions, initBareClone } from './init.ts'
import { type JoinRequest, type JoinResult, joinCommits, stackHeads } from './join-commits.ts'
import { leaveWorktree } from './leave-worktree.ts'
import { type ListedWorktree, listWorktrees } from './list-worktrees.ts'
import { type UpdateRequest, type UpdateResult, updateFromBase } from './merge.ts'
import { type BranchName, type TreePath, validBranch, validPath } from './names.ts'
import { deleteBranch, type ExpectedHead, type PushOutcome, pushBranch } from './push.ts'
import { recordedRemoteHead } from './recorded-heads.ts'
import { queryDefaultBranch, queryRemoteHead } from './remote.ts'
import { type RemoveOptions, removeWorktree } from './remove-worktree.ts'
import type { BareRepository } from './repository.ts'
import { dropRescue, listRescues, type Rescue, treeOf } from './rescue.ts'
import { type SandboxMounts, sandboxMountsOf } from './sandbox-mounts.ts'
import { dropSpares, sparesSettled } from './spare-trees.ts'
import { type FilledSubmodule, fillSubmodules } from './submodules.ts'
import type { Worktree } from './worktree-records.ts'
import { addWorktree, type ReadyWorktree, type WorktreeRequest } from './worktrees.ts'

/** What can be done with one target's repository. Every method may throw OperatorError when git fails. */
export interface BareClone {
  /** The bare repository's folder. */
  readonly gitDir: string
  /** Brings the server's branches (all, or those named) into refs/remotes/origin/*; module branches stay. */
  fetch(branches?: readonly BranchName[]): Promise<void>
  /** A commit by id, full ref, or name of a module branch; undefined when there is none. */
  resolve(ref: string): Promise<Sha | undefined>
  /** Where a branch of the server is: as of the last fetch, or asked now with `fresh`. */
  remoteHead(branch: BranchName, options?: { fresh?: boolean }): Promise<Sha | undefined>
  /** The default branch of the server, asked now; undefined when it does not say. */
  defaultBranch(): Promise<BranchName | undefined>
  /** A file as of a commit, at most `maxBytes` (1 MiB). @throws {UserError} when it is larger. */
  readFile(commit: Sha, path: TreePath, maxBytes?: number): Promise<string | undefined>
  /** Paths in a commit, at most `maxCount` (100,000). */
  listFiles(commit: Sha, maxCount?: number): Promise<string[]>
  /** A tree for an agent on a module branch; see `worktrees.ts`. @throws {WorktreeExists} */
  /** The paths of the files in a folder of a commit, and below it. */
  listFolder(commit: Sha, folder: TreePath): Promise<string[]>
  addWorktree(request: WorktreeRequest): Promise<ReadyWorktree>
  listWorktrees(): Promise<ListedWorktree[]>
  /** Fills the folders of submodules in a checkout of a commit, where that can be done; see `submodules.ts`. */
  fillSubmodules(commit: Sha, path: string): Promise<FilledSubmodule[]>
  /** Leaves a tree to an agent that may still write there: its branch can have another one; see `leave-worktree.ts`. */
  leaveWorktree(worktree: Pick<Worktree, 'path' | 'branch'>): Promise<void>
  /** Commits what is in a tree, if the import policy allows it; see `commit.ts`. */
  commit(worktree: Pick<Worktree, 'path' | 'branch'>, request: CommitRequest): Promise<CommitResult>
  /** What `.gitignore` keeps out of a worktree's commits; see `ignored-files.ts`. */
  listIgnored(worktree: Pick<Worktree, 'path' | 'branch'>): Promise<string[]>
  /** Brings commits of an agent's own repository, or a bundle, onto a module branch; see `import-commits.ts`. */
  importFrom(source: string, branch: BranchName, policy?: ImportPolicy): Promise<ImportResult>
  /** Files that differ between two commits. */
  changes(base: Sha, head: Sha): Promise<ChangedFile[]>
  /** The patch between two commits, its first `maxBytes` bytes. */
  diff(base: Sha, head: Sha, maxBytes: number): Promise<{ text: string; truncated: boolean }>
  isAncestor(ancestor: Sha, descendant: Sha): Promise<boolean>
  mergeBase(a: Sha, b: Sha): Promise<Sha | undefined>
  /** Commits of `head` that `base` does not have, newest first. */
  log(range: { base?: Sha; head: Sha }, limit: number): Promise<history.CommitInfo[]>
  /** Whether two commits merge, without touching any tree. */
  forecast(ours: Sha, theirs: Sha): Promise<history.MergeForecast>
  /** As `forecast`, for many pairs with one start of git. */
  forecastPairs(pairs: readonly (readonly [Sha, Sha])[]): Promise<history.MergeForecast[]>
  /** Merges the base into a module branch; see `merge.ts`. */
  updateFromBase(request: UpdateRequest): Promise<UpdateResult>
  /** Joins two commits of objects alone; see `join-commits.ts`. */
  join(request: JoinRequest): Promise<JoinResult>
  /** Merges heads on top of a base, one after another; see `join-commits.ts`. */
  stack(base: Sha, heads: readonly Sha[], author: Author): ReturnType<typeof stackHeads>
  /** Pushes a commit to a branch of the server, and says what came of it; see `push.ts`. */
  push(branch: BranchName, commit: Sha, options: { expected: ExpectedHead }): Promise<PushOutcome>
  /** The tree of a commit; undefined when there is no such commit. */
  treeOf(commit: Sha): Promise<Sha | undefined>
  /** What a commit changes against a parent, with contents; see `commit-files.ts`. */
  commitFiles(commit: Sha, parent: Sha): Promise<{ baseTree: Sha; files: CommitFile[] }>
  /** What the server does not have of a commit, for another clone; see `commit-packs.ts`. */
  packCommit(commit: Sha): Promise<Buffer>
  /** Takes in what another clone has packed, checked. */
  unpackCommit(pack: Buffer): Promise<void>
  /** Lets processes with another disk have a commit; nothing where there are none. */
  share(commit: Sha): Promise<void>
  /** Moves a module branch from a commit to another one with the same tree, made elsewhere and fetched. */
  adopt(branch: BranchName, from: Sha, to: Sha): Promise<void>
  deleteRemoteBranch(branch: BranchName, expected: Sha): Promise<'deleted' | 'gone' | 'moved'>
  /** Removes a tree and its branch. What exists nowhere else is rescued first. @throws {WorktreeInUse} */
  removeWorktree(worktree: Pick<Worktree, 'path' | 'branch'>, options?: RemoveOptions): Promise<{ rescued?: Rescue }>
  /** All rescued work, oldest first. */
  rescues(): Promise<(Rescue & { branch: BranchName; at: Date })[]>
  /** Gives up rescued work. */
  dropRescue(rescue: Rescue): Promise<void>
  /** Settles when no worktree is being made ahead. */
  sparesSettled(): Promise<void>
  /** Removes worktrees that were made ahead. */
  dropSpares(): Promise<void>
  /** Puts packs together where there are many; nothing is dropped. See `compact.ts`. */
  compact(): Promise<boolean>
  /** Since when it was not used, where it can be made again from the server; undefined where it holds work. */
  unusedSince(): Promise<Date | undefined>
  /** What a sandbox must mount for a tree. */
  bindings(worktree: Pick<Worktree, 'path' | 'scratch'>): SandboxMounts
}

/**
 * Opens the bare clone in a folder; what is missing is made or repaired. The first call fetches all branches. Later
 * calls do not talk to the server.
 * @throws {UserError} when the clone address is refused.
 * @throws {OperatorError} when git is missing or too old, or the first fetch fails: the server cannot be reached, or
 *   refuses our credentials.
 */
export async function openBareClone(options: BareCloneOptions): Promise<BareClone> {
  const repository = await initBareClone(options)
  const fetch = createFetcher(repository)
  await fetch.first()
  return bind(repository, fetch.run)
}

/** Checks all names once more: a caller may hold less than the types promise. */
function bind(repository: BareRepository, fetch: BareClone['fetch']): BareClone {
  return {
    gitDir: repository.gitDir,
    fetch: async (branches) => fetch(branches?.map(validBranch)),
    resolve: (ref) => resolve(repository, ref),
    remoteHead: async (branch, options) =>
      options?.fresh ? queryRemoteHead(repository, validBranch(branch)) : fetchedHead(repository, validBranch(branch)),
    defaultBranch: () => queryDefaultBranch(repository),
    readFile: async (commit, path, maxBytes) => history.readFileAt(repository, sha(commit), validPath(path), maxBytes),
    listFiles: async (commit, maxCount) => history.listFilesAt(repository, sha(commit), maxCount),
    listFolder: async (commit, folder) => history.listFolderAt(repository, sha(commit), validPath(folder)),
    addWorktree: async (request) => {
      const checked = { branch: validBranch(request.branch), base: sha(request.base) }
      return addWorktree(repository, { ...request, ...checked })
    },
    listWorktrees: () => listWorktrees(repository),
    fillSubmodules: async (commit, path) => fillSubmodules(repository, sha(commit), path),
    leaveWorktree: async ({ path, branch }) => leaveWorktree(repository, { path, branch: validBranch(branch) }),
    commit: (worktree, request) => commitWorktree(repository, worktree, request),
    listIgnored: (worktree) => listIgnored(repository, worktree),
    importFrom: async (source, branch, policy) => importFrom(repository, source, validBranch(branch), policy),
    changes: async (base, head) => readChanges(repository, sha(base), sha(head)),
    diff: async (base, head, maxBytes) => history.readDiff(repository, sha(base), sha(head), maxBytes),
    isAncestor: async (ancestor, descendant) => history.isAncestorOf(repository, sha(ancestor), sha(descendant)),
    mergeBase: async (a, b) => history.findMergeBase(repository, sha(a), sha(b)),
    log: async (range, limit) => history.readLog(repository, checkRange(range), limit),
    forecast: async (ours, theirs) => history.forecastMerge(repository, sha(ours), sha(theirs)),
    forecastPairs: async (pairs) =>
      forecastPairs(
        repository,
        pairs.map(([one, other]) => [sha(one), sha(other)]),
      ),
    updateFromBase: async (request) => {
      const checked = { branch: validBranch(request.branch), base: sha(request.base) }
      return updateFromBase(repository, { ...request, ...checked })
    },
    join: async (request) =>
      joinCommits(repository, { ...request, ours: sha(request.ours), theirs: sha(request.theirs) }),
    stack: async (base, heads, author) => stackHeads(repository, { base: sha(base), heads: heads.map(sha), author }),
    push: async (branch, commit, { expected }) => {
      const must = expected === null || expected === 'any-ancestor' ? expected : sha(expected)
      return pushBranch(repository, validBranch(branch), sha(commit), must)
    },
    treeOf: (commit) => treeOf(repository, sha(commit)),
    commitFiles: (commit, parent) => readCommitFiles(repository, sha(commit), sha(parent)),
    packCommit: (commit) => packCommit(repository, sha(commit)),
    unpackCommit: (pack) => unpackCommit(repository, pack),
    share: async () => {},
    adopt: (branch, from, to) => adoptCommit(repository, validBranch(branch), sha(from), sha(to)),
    deleteRemoteBranch: async (branch, expected) => deleteBranch(repository, validBranch(branch), sha(expected)),
    removeWorktree: async ({ path, branch }, options) =>
      removeWorktree(repository, { path, branch: validBranch(branch) }, options),
    rescues: () => listRescues(repository),
    dropRescue: (rescue) => dropRescue(repository, rescue),
    sparesSettled: () => sparesSettled(repository),
    dropSpares: () => dropSpares(repository),
    compact: () => compact(repository),
    unusedSince: () => unusedSince(repository),
    bindings: (worktree) => sandboxMountsOf(worktree, repository.gitDir),
  }
}

/** A module branch is where Tutti has put it, whatever its ref says. */
async function resolve(repository: BareRepository, ref: string): Promise<Sha | undefined> {
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ref
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref) || branch.startsWith('refs/'))
    return history.resolveCommit(repository, ref)
  return history.branchHead(repository, validBranch(branch))
}

async function fetchedHead(repository: BareRepository, branch: BranchName): Promise<Sha | undefined> {
  const commit = await recordedRemoteHead(repository, branch)
  return commit && history.resolveCommit(repository, commit)
}

function checkRange({ base, head }: { base?: Sha; head: Sha }): { base?: Sha; head: Sha } {
  return base === undefined ? { head: sha(head) } : { base: sha(base), head: sha(head) }
}
