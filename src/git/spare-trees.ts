/**
 * Working trees that are made before they are needed. In a large repository nearly all of the time of `git worktree add`
 * is the writing of files, which neither more workers nor a faster git shortens on a busy machine, and hard links are not
 * safe where an agent writes. So a tree is made in the background, and the next item gets it: it is moved to its place,
 * and only the files that have changed since are written.
 */

import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { removeFolder, replaceFile } from './files.ts'
import { headRef, moveBranch, restoreBranch } from './history.ts'
import type { BranchName } from './names.ts'
import { type BareRepository, git } from './repository.ts'

/** Bytes of an index from which on a spare tree is worth its room: about 5,000 files. Below, a checkout takes no second. */
const worthwhileIndex = 400_000
/** A tree that is not finished after so long was cut off by a crash, in milliseconds. */
const abandonedMs = 60 * 60_000

/** Being made now, by folder of the repository. */
const filling = new Map<string, Promise<void>>()

const folderOf = ({ directory }: BareRepository) => join(directory, 'spares')
const markersOf = ({ privateDir }: BareRepository) => join(privateDir, 'spares')
const gitDirOf = ({ gitDir }: BareRepository, id: string) => join(gitDir, 'worktrees', id)

/**
 * Takes a spare tree for a branch, if there is one: afterwards it is a worktree at `path`, as `git worktree add` makes it.
 * @param base where a branch that does not exist yet starts.
 * @returns the folder of its git data; undefined when there is none, or it was not usable: then it is gone.
 */
export async function takeSpare(
  repository: BareRepository,
  { path, branch, base }: { path: string; branch: BranchName; base: Sha },
): Promise<string | undefined> {
  for (const id of await spareIds(repository)) {
    const commit = await claim(repository, id)
    if (!commit) continue
    try {
      const target = (await restoreBranch(repository, branch)) ?? base
      await settle(repository, id, path)
      await update(repository, { id, path, from: commit, to: target })
      if (!(await restoreBranch(repository, branch)))
        await moveBranch(repository, branch, { from: null, to: target, reason: 'new branch' })
      const gitDir = gitDirOf(repository, id)
      await replaceFile(join(gitDir, 'HEAD'), `ref: ${headRef(branch)}\n`, 0o644)
      await rm(join(gitDir, 'locked'), { force: true })
      return gitDir
    } catch {
      // Changed from outside, or damaged: it held no work.
      await removeFolder(path)
      await drop(repository, id)
    }
  }
  return undefined
}

/** Ready ones, in any order. */
async function spareIds(repository: BareRepository): Promise<string[]> {
  const names = await readdir(markersOf(repository)).catch(() => [])
  return names.filter((name) => name.endsWith('.ready')).map((name) => name.slice(0, -'.ready'.length))
}

/** @returns the commit that it was made from; undefined when another one took it in this moment. */
async function claim(repository: BareRepository, id: string): Promise<Sha | undefined> {
  const marker = join(markersOf(repository), `${id}.ready`)
  const taken = join(markersOf(repository), `${id}.taken`)
  try {
    await rename(marker, taken)
    const commit = sha((await readFile(taken, 'utf8')).trim())
    await rm(taken, { force: true })
    return commit
  } catch {
    return undefined
  }
}

/** Moves it. Until it is done, git's notes name no tree that is there: they must not be taken for dead meanwhile. */
async function settle(repository: BareRepository, id: string, path: string): Promise<void> {
  await repository.locks.runExclusive('notes', async () => {
    await rename(join(folderOf(repository), id), path)
    await replaceFile(join(gitDirOf(repository, id), 'gitdir'), `${join(path, '.git')}\n`, 0o644)
  })
}

async function update(
  repository: BareRepository,
  { id, path, from, to }: { id: string; path: string; from: Sha; to: Sha },
): Promise<void> {
  if (from === to) return
  const options = { index: join(gitDirOf(repository, id), 'index'), workTree: path }
  await git(repository, ['read-tree', '-m', '-u', from, to], options)
}

async function drop(repository: BareRepository, id: string): Promise<void> {
  await rm(join(markersOf(repository), `${id}.ready`), { force: true })
  await removeFolder(join(folderOf(repository), id))
  await rm(gitDirOf(repository, id), { recursive: true, force: true })
}

/**
 * Begins to make spare trees until there are enough, where the repository is large. It does not wait for them, and what
 * goes wrong there only means that there is none.
 * @param index the index of a tree of this repository: its size says how large that is.
 */
export function refillSpares(repository: BareRepository, commit: Sha, index: string): void {
  if (repository.spares < 1 || filling.has(repository.directory)) return
  const making = fill(repository, commit, index)
    .catch(() => {})
    .finally(() => filling.delete(repository.directory))
  filling.set(repository.directory, making)
}

/** Settles when none is being made for this repository. */
export async function sparesSettled(repository: Pick<BareRepository, 'directory'>): Promise<void> {
  await filling.get(repository.directory)
}

async function fill(repository: BareRepository, commit: Sha, index: string): Promise<void> {
  if ((await stat(index)).size < worthwhileIndex) return
  await removeAbandoned(repository)
  await mkdir(folderOf(repository), { recursive: true, mode: 0o700 })
  await mkdir(markersOf(repository), { recursive: true, mode: 0o700 })
  while ((await spareIds(repository)).length < repository.spares) {
    const id = `spare-${randomUUID()}`
    const path = join(folderOf(repository), id)
    await git(repository, ['worktree', 'add', '-q', '--detach', '--end-of-options', path, commit])
    // As git marks a tree that it has not finished: after a crash in the middle of a move it is no work of anybody.
    await writeFile(join(gitDirOf(repository, id), 'locked'), 'initializing\n')
    await replaceFile(join(markersOf(repository), `${id}.ready`), `${commit}\n`)
  }
}

async function removeAbandoned(repository: BareRepository): Promise<void> {
  const ready = new Set(await spareIds(repository))
  for (const id of await readdir(folderOf(repository)).catch(() => [])) {
    const { mtimeMs } = await stat(join(folderOf(repository), id))
    if (!ready.has(id) && Date.now() - mtimeMs > abandonedMs) await drop(repository, id)
  }
}

/** Removes the spare trees of a repository. */
export async function dropSpares(repository: BareRepository): Promise<void> {
  await sparesSettled(repository)
  for (const id of await spareIds(repository)) if (await claim(repository, id)) await drop(repository, id)
}
