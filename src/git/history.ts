/** Reads the bare repository (commits, files, differences), moves a branch, and writes a commit object. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { GitError } from './git.ts'
import type { BranchName, TreePath } from './names.ts'
import { validBranch } from './names.ts'
import { readRecordedHead, recordHead } from './recorded-heads.ts'
import { readRef } from './refs.ts'
import { type BareRepository, git, gitLine } from './repository.ts'

/** One commit of a log. */
export interface CommitInfo {
  sha: Sha
  parents: Sha[]
  authorName: string
  authorEmail: string
  /** When it was written, as its author says. */
  date: Date
  subject: string
  /** All of it, the subject included. */
  message: string
}

/** Whether two commits can be merged, and with what result. */
export type MergeForecast = { clean: true; tree: Sha } | { clean: false; conflicts: string[]; tree?: Sha }

/**
 * Finds a commit.
 * @param ref a commit id, a full ref (`refs/…`), or the name of a module branch
 * @returns undefined when there is no such ref, or it is not a commit.
 * @throws {UserError} when the name is not one that git should see.
 */
export async function resolveCommit(repository: BareRepository, ref: string): Promise<Sha | undefined> {
  const name = fullRef(ref)
  const read = name.startsWith('refs/') ? await readRef(repository.gitDir, name) : sha(name)
  if (read === undefined) return undefined
  if (read !== 'unsure' && repository.commits.has(read)) return read
  const args = ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`]
  const result = await git(repository, args, { accept: [1, 128] })
  const id = result.stdout.toString('utf8').trim()
  if (result.code !== 0) return undefined
  repository.commits.add(sha(id))
  return sha(id)
}

function fullRef(ref: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return ref
  return ref.startsWith('refs/') ? `refs/${validBranch(ref.slice('refs/'.length))}` : headRef(validBranch(ref))
}

/** The ref of a module branch. */
export function headRef(branch: BranchName): string {
  return `refs/heads/${branch}`
}

/**
 * Reads a file as of a commit.
 * @param maxBytes default 1 MiB
 * @returns undefined when there is no such file there.
 * @throws {UserError} when it is larger than `maxBytes`.
 */
export async function readFileAt(
  repository: BareRepository,
  commit: Sha,
  path: TreePath,
  maxBytes = 1024 * 1024,
): Promise<string | undefined> {
  // The header line before the content is `<id> blob <size>`.
  const headerBytes = 200
  const input = `${commit}:${path}\n`
  const { stdout, cut } = await git(repository, ['cat-file', '--batch'], {
    input,
    maxBytes: maxBytes + headerBytes,
    cut: true,
  })
  const lineEnd = stdout.indexOf(10)
  const header = / blob (?<size>\d+)$/.exec(stdout.toString('utf8', 0, lineEnd))
  if (!header?.groups) return undefined
  const size = Number(header.groups.size)
  if (cut || size > maxBytes) throw new UserError(`\`${path}\` has ${size} bytes; at most ${maxBytes} are read.`)
  return stdout.toString('utf8', lineEnd + 1, lineEnd + 1 + size)
}

/** The paths in a commit, in git's order, at most `maxCount` of them (default 100,000). */
export async function listFilesAt(repository: BareRepository, commit: Sha, maxCount = 100_000): Promise<string[]> {
  const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', '--end-of-options', commit]
  const { stdout } = await git(repository, args, { cut: true })
  const paths = stdout.toString('utf8').split('\0')
  // What follows the last NUL is empty, or half a path where the output was cut.
  paths.pop()
  return paths.slice(0, maxCount)
}

/** The paths of the files in a folder of a commit and below it; none where there is no such folder. */
export async function listFolderAt(repository: BareRepository, commit: Sha, folder: TreePath): Promise<string[]> {
  const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', '--end-of-options', commit, `${folder}/`]
  const { stdout } = await git(repository, args, { cut: true })
  return stdout.toString('utf8').split('\0').slice(0, -1)
}

/** The patch between two commits, as text, its first `maxBytes` bytes. `truncated` says that there was more. */
export async function readDiff(
  repository: BareRepository,
  base: Sha,
  head: Sha,
  maxBytes: number,
): Promise<{ text: string; truncated: boolean }> {
  const flags = ['-p', '-r', '-M', '--no-color', '--no-ext-diff', '--no-textconv', '--full-index']
  const { stdout, cut } = await git(repository, ['diff-tree', ...flags, '--end-of-options', base, head], {
    maxBytes,
    cut: true,
  })
  return { text: stdout.toString('utf8'), truncated: cut }
}

/** Whether `ancestor` is reachable from `descendant`; a commit is its own ancestor. */
export async function isAncestorOf(repository: BareRepository, ancestor: Sha, descendant: Sha): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', '--end-of-options', ancestor, descendant]
  return (await git(repository, args, { accept: [1] })).code === 0
}

/** The best common ancestor of two commits; undefined when they have none. */
export async function findMergeBase(repository: BareRepository, a: Sha, b: Sha): Promise<Sha | undefined> {
  const result = await git(repository, ['merge-base', '--end-of-options', a, b], { accept: [1] })
  const line = result.stdout.toString('utf8').split('\n')[0]
  return result.code === 0 && line ? sha(line) : undefined
}

/** Commits reachable from `head` and not from `base`, newest first, at most `limit`. */
export async function readLog(
  repository: BareRepository,
  range: { base?: Sha; head: Sha },
  limit: number,
): Promise<CommitInfo[]> {
  const flags = ['-z', '--format=%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%B', `--max-count=${Math.max(0, Math.floor(limit))}`]
  const names = range.base ? [`${range.base}..${range.head}`] : [range.head]
  const args = ['log', ...flags, '--no-show-signature', '--no-color', '--no-mailmap', '--end-of-options', ...names]
  const { stdout } = await git(repository, args)
  return stdout
    .toString('utf8')
    .split('\0')
    .filter((record) => record !== '')
    .map(parseCommit)
}

function parseCommit(record: string): CommitInfo {
  const [id = '', parents = '', authorName = '', authorEmail = '', date = '', ...text] = record.split('\x1f')
  const message = text.join('\x1f')
  return {
    sha: sha(id),
    parents: parents.split(' ').filter(Boolean).map(sha),
    authorName,
    authorEmail,
    date: new Date(date),
    subject: subjectOf(message),
    message,
  }
}

/** The first paragraph in one line, as git's `%s` has it. */
function subjectOf(message: string): string {
  const [first = ''] = message.trim().split(/\n\s*\n/, 1)
  return first.replace(/\s*\n\s*/g, ' ')
}

/**
 * Merges two commits in memory, without a working tree.
 * @returns the merged tree; or the paths in conflict, with a tree that has conflict markers in these files. Commits
 *   without a common ancestor are a conflict without paths.
 */
export async function forecastMerge(repository: BareRepository, ours: Sha, theirs: Sha): Promise<MergeForecast> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', '--end-of-options', ours, theirs]
  try {
    const result = await git(repository, args, { accept: [1] })
    const [tree = '', ...paths] = result.stdout.toString('utf8').split('\0').filter(Boolean)
    return result.code === 0 ? { clean: true, tree: sha(tree) } : { clean: false, conflicts: paths, tree: sha(tree) }
  } catch (error) {
    if (error instanceof GitError && /unrelated histories/.test(error.stderr)) return { clean: false, conflicts: [] }
    throw error
  }
}

/** One move of a branch. */
interface BranchMove {
  /** Where the branch is now; null when it must not exist yet. */
  from: Sha | null
  to: Sha
  /** Goes into the reflog. */
  reason: string
}

/**
 * Where a module branch is, by Tutti's own record. A ref that someone else has moved does not count.
 * @returns undefined when there is no such branch, or its commit cannot be read.
 */
export async function branchHead(repository: BareRepository, branch: BranchName): Promise<Sha | undefined> {
  const recorded = await readRecordedHead(repository, branch)
  if (!recorded) return resolveCommit(repository, headRef(branch))
  const { at, next } = recorded
  const moved = next !== undefined && (await readRef(repository.gitDir, headRef(branch))) === next
  return resolveCommit(repository, moved ? next : at)
}

/**
 * As `branchHead`, and puts the ref back where it was moved by someone else. The caller holds the branch's lock, and no
 * agent works on it.
 */
export async function restoreBranch(repository: BareRepository, branch: BranchName): Promise<Sha | undefined> {
  const head = await branchHead(repository, branch)
  if (!head) return undefined
  const ref = headRef(branch)
  const found = await readRef(repository.gitDir, ref)
  // git refuses to move a ref that it cannot read.
  if (found === 'unsure') await rm(join(repository.gitDir, ref), { force: true })
  if (found !== head) await git(repository, ['update-ref', '--no-deref', ref, head])
  await recordHead(repository, branch, { at: head })
  return head
}

/** Deletes a module branch, wherever its ref points. */
export async function deleteModuleBranch(repository: BareRepository, branch: BranchName): Promise<void> {
  await git(repository, ['update-ref', '--no-deref', '-d', headRef(branch)])
  await recordHead(repository, branch, undefined)
}

/** Sets a branch. @throws {GitError} when it is no longer where the caller believes. */
export async function moveBranch(
  repository: BareRepository,
  branch: BranchName,
  { from, to, reason }: BranchMove,
): Promise<void> {
  const before = from ?? '0'.repeat(to.length)
  if (from) await recordHead(repository, branch, { at: from, next: to })
  await git(repository, ['update-ref', '--no-deref', '-m', `tutti: ${reason}`, headRef(branch), to, before])
  await recordHead(repository, branch, { at: to })
}

/**
 * Writes a commit object; no branch moves.
 * @param parents at least one, except for a branch that lost its history
 */
export async function writeCommit(
  repository: BareRepository,
  tree: Sha,
  parents: readonly Sha[],
  text: { message: string; author: { name: string; email: string } },
): Promise<Sha> {
  const args = ['commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-F', '-', tree]
  const message = text.message.replaceAll('\0', '')
  return sha(await gitLine(repository, args, { input: `${message.trimEnd() || 'No message'}\n`, author: text.author }))
}
