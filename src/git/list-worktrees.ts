/** Which worktrees there are, by the records and by git's own notes. */

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDirectory } from './files.ts'
import { type BranchName, validBranch } from './names.ts'
import type { BareRepository } from './repository.ts'
import { readRecords, type Worktree } from './worktree-records.ts'

/** One worktree as the list shows it. */
export interface ListedWorktree extends Omit<Worktree, 'branch'> {
  /** Undefined where git's notes do not say it. */
  branch: BranchName | undefined
  /**
   * `missing`: recorded, but its folder is gone. `removing`: a removal was begun. `half-made`: git knows it and no
   * record does, because a crash came first. `addWorktree` with the same path and branch puts each of them right.
   * `left`: its branch goes on in another tree.
   */
  state: 'ready' | 'missing' | 'removing' | 'half-made' | 'left'
}

/** All trees of the repository. No git is started for it. */
export async function listWorktrees(repository: BareRepository): Promise<ListedWorktree[]> {
  const records = await readRecords(repository)
  const recorded = records.map(async ({ path, branch, gitDir, scratch, removing, left }): Promise<ListedWorktree> => {
    const present = !(await isDirectory(path)) ? 'missing' : left ? 'left' : 'ready'
    return { path, branch, gitDir, scratch, state: removing ? 'removing' : present }
  })
  const known = new Set(records.map((record) => record.gitDir))
  return [...(await Promise.all(recorded)), ...(await unrecorded(repository, known))]
}

async function unrecorded(repository: BareRepository, known: ReadonlySet<string>): Promise<ListedWorktree[]> {
  const parent = join(repository.gitDir, 'worktrees')
  const names = (await isDirectory(parent)) ? await readdir(parent) : []
  const folders = names.map((name) => join(parent, name)).filter((folder) => !known.has(folder))
  const listed = await Promise.all(folders.map((folder) => readNotes(folder)))
  return listed.filter((worktree) => worktree !== undefined)
}

async function readNotes(gitDir: string): Promise<ListedWorktree | undefined> {
  const pointer = (await readFile(join(gitDir, 'gitdir'), 'utf8').catch(() => '')).trim()
  if (pointer === '') return undefined
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => '')
  return { path: dirname(pointer), branch: branchIn(head), gitDir, scratch: false, state: 'half-made' }
}

function branchIn(head: string): BranchName | undefined {
  const name = /^ref: refs\/heads\/(?<name>.+)\n$/.exec(head)?.groups?.name
  try {
    return name === undefined ? undefined : validBranch(name)
  } catch {
    return undefined
  }
}
