/**
 * Puts right what git keeps about a worktree: the `.git` file in the tree and the folder below control.git/worktrees.
 * Tutti's own commands use neither; they are there for people and agents who use git in the tree.
 */

import { constants } from 'node:fs'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha } from '../lib/ids.ts'
import { copyIndex, exists, isDirectory, replaceFile } from './files.ts'
import { headRef } from './history.ts'
import { type BareRepository, git } from './repository.ts'
import { detachedHead, type Rescue, saveRescue } from './rescue.ts'
import { indexFileOf, type WorktreeRecord } from './worktree-records.ts'

/** Left by an operation that was begun in the tree; git would go on with it at the next commit. */
const unfinished = [
  'MERGE_HEAD',
  'MERGE_MODE',
  'MERGE_MSG',
  'AUTO_MERGE',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'rebase-merge',
  'rebase-apply',
  'sequencer',
  'BISECT_LOG',
]
const locks = ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock']
/** These make git obey settings of this tree's own, or treat it as not to be touched. */
const foreign = ['config.worktree', 'config', 'hooks', 'locked']

/**
 * Compares git's notes with the record and rewrites what differs. Files of the tree are not touched, except its `.git`.
 * @returns what was wrong, and the rescue of commits that only a detached HEAD had.
 */
export async function repairWorktree(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha,
): Promise<{ problems: string[]; rescued?: Rescue }> {
  if (record.scratch) return { problems: [] }
  const detached = await detachedHead(repository, record, tip)
  const rescued = detached ? await saveRescue(repository, record.branch, detached) : undefined
  const problems = [...(await repairFiles(record)), ...(await removeLeftovers(record))]
  const index = await repairIndex(repository, record, tip, problems.length > 0)
  if (index) problems.push(index)
  return rescued ? { problems, rescued } : { problems }
}

async function repairFiles(record: WorktreeRecord): Promise<string[]> {
  const problems: string[] = []
  if (!(await isDirectory(record.gitDir))) {
    await rm(record.gitDir, { force: true })
    await mkdir(record.gitDir, { recursive: true })
    problems.push("git's notes about the worktree were gone")
  }
  const expected: readonly (readonly [string, string, string])[] = [
    [join(record.path, '.git'), `gitdir: ${record.gitDir}\n`, 'the .git file was not the one git made'],
    [join(record.gitDir, 'commondir'), '../..\n', 'commondir pointed elsewhere'],
    [join(record.gitDir, 'gitdir'), `${join(record.path, '.git')}\n`, 'gitdir pointed elsewhere'],
    [join(record.gitDir, 'HEAD'), `ref: ${headRef(record.branch)}\n`, 'HEAD was not on the branch'],
  ]
  for (const [file, text, problem] of expected) {
    if (await holds(file, text)) continue
    await replaceFile(file, text, 0o644)
    problems.push(problem)
  }
  return problems
}

const plain = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** True for a plain file with exactly this text, and not for a link or a folder in its place. */
async function holds(file: string, text: string): Promise<boolean> {
  if (await isDirectory(file)) return false
  const handle = await open(file, plain).catch(() => undefined)
  if (!handle) return false
  try {
    const found = await handle.stat()
    return found.isFile() && found.size === Buffer.byteLength(text) && (await handle.readFile('utf8')) === text
  } finally {
    await handle.close()
  }
}

async function removeLeftovers(record: WorktreeRecord): Promise<string[]> {
  const problems: string[] = []
  for (const name of [...unfinished, ...locks, ...foreign]) {
    const file = join(record.gitDir, name)
    if (!(await exists(file))) continue
    await rm(file, { recursive: true, force: true })
    problems.push(`${name} was left behind`)
  }
  return problems
}

/** Gives the tree an index again where it has none that git can read; after other damage in any case. */
async function repairIndex(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha,
  always: boolean,
): Promise<string | undefined> {
  const file = join(record.gitDir, 'index')
  const head = await readFile(file).catch(() => Buffer.alloc(0))
  const sound = head.subarray(0, 4).toString('latin1') === 'DIRC'
  if (sound && !always) return undefined
  await rm(file, { recursive: true, force: true })
  if (await exists(indexFileOf(record))) await copyIndex(indexFileOf(record), file)
  else await git(repository, ['read-tree', tip], { index: file })
  return sound ? undefined : 'the index could not be read'
}
