/**
 * What Tutti knows about its worktrees, kept outside of every tree. An agent may rewrite the `.git` file of its tree,
 * or, without a sandbox, git's own notes about it. Tutti believes these records only.
 */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Sha, sha } from '../lib/ids.ts'
import { isDirectory, replaceFile, withoutLinks } from './files.ts'
import { type BranchName, validBranch } from './names.ts'
import type { BareRepository } from './repository.ts'

/** A working tree on a module branch, or (`scratch`) an agent's own repository that starts from it. */
export interface Worktree {
  /** Absolute path of the tree. */
  path: string
  branch: BranchName
  /** The folder of the tree's git data: below `control.git/worktrees`, or the tree's own `.git` when `scratch`. */
  gitDir: string
  /** True for a repository that belongs to the agent, who may write to all of it. */
  scratch: boolean
}

/** A worktree as recorded, with the private things that only this folder uses. */
export interface WorktreeRecord extends Worktree {
  /** `<private>/<key>`: holds `record.json`, `index`, and `stage/` while a commit is being made. */
  home: string
  /**
   * Set when its removal has begun: what is left of the tree is no longer work. `branchAt` is where the branch was,
   * when it is to be deleted too.
   */
  removing: { branchAt?: Sha } | undefined
  /**
   * Set when it was left to an agent that may still write there: nothing in it counts any more, and its branch goes on in
   * another tree. `at` is where the branch was.
   */
  left: { at: Sha } | undefined
  /** A merge that was begun with conflict markers: the next commit gets this second parent. */
  merge: { base: Sha; paths: string[] } | undefined
}

const schema = z.object({
  path: z.string(),
  branch: z.string().transform(validBranch),
  gitDir: z.string(),
  scratch: z.boolean(),
  removing: z.object({ branchAt: z.string().transform(sha).optional() }).optional(),
  left: z.object({ at: z.string().transform(sha) }).optional(),
  merge: z.object({ base: z.string().transform(sha), paths: z.array(z.string()) }).optional(),
})

/** The private folder of the tree at `path`, which must be absolute and free of links. */
export function recordFolder(repository: BareRepository, path: string): string {
  return join(repository.privateDir, createHash('sha256').update(path).digest('hex').slice(0, 24))
}

/** The private index of a worktree. */
export function indexFileOf(record: WorktreeRecord): string {
  return join(record.home, 'index')
}

/** Writes the record whole; from then on the worktree counts as made. */
export async function writeRecord(record: WorktreeRecord): Promise<void> {
  await mkdir(record.home, { recursive: true, mode: 0o700 })
  const { home: _, ...stored } = record
  await replaceFile(join(record.home, 'record.json'), `${JSON.stringify(stored)}\n`)
}

/** The record of the tree at `path`; undefined when it was never finished, or cannot be read. */
export async function readRecord(repository: BareRepository, path: string): Promise<WorktreeRecord | undefined> {
  const place = await withoutLinks(path)
  const record = await readFolder(recordFolder(repository, place))
  return record?.path === place ? record : undefined
}

/** All records, by path. */
export async function readRecords(repository: BareRepository): Promise<WorktreeRecord[]> {
  const names = await readdir(repository.privateDir)
  const records = await Promise.all(names.map((name) => readFolder(join(repository.privateDir, name))))
  return records.filter((record) => record !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function readFolder(home: string): Promise<WorktreeRecord | undefined> {
  const text = await readFile(join(home, 'record.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const record = schema.parse(JSON.parse(text))
    return { ...record, removing: record.removing, left: record.left, merge: record.merge, home }
  } catch {
    // A record that cannot be read counts as none: the tree is inspected and made again.
    return undefined
  }
}

/** Deletes the record of a worktree, with its private index. */
export async function deleteRecord(record: Pick<WorktreeRecord, 'home'>): Promise<void> {
  await rm(record.home, { recursive: true, force: true })
}

/** What a record would say of a tree that git made and no record knows. */
export async function inferRecord(
  repository: BareRepository,
  path: string,
  branch: BranchName,
): Promise<WorktreeRecord | undefined> {
  const [gitDir] = await gitDirsFor(repository, path)
  if (!gitDir || !(await isDirectory(path))) return undefined
  const home = recordFolder(repository, path)
  return { path, branch, gitDir, scratch: false, home, removing: undefined, left: undefined, merge: undefined }
}

/** Folders below `control.git/worktrees` that git made for the tree at `path`. */
export async function gitDirsFor(repository: BareRepository, path: string): Promise<string[]> {
  const parent = join(repository.gitDir, 'worktrees')
  const names = (await isDirectory(parent)) ? await readdir(parent) : []
  const found = await Promise.all(
    names.map(async (name) => {
      const pointer = await readFile(join(parent, name, 'gitdir'), 'utf8').catch(() => '')
      return pointer.trim() === join(path, '.git') ? join(parent, name) : undefined
    }),
  )
  return found.filter((folder) => folder !== undefined)
}
