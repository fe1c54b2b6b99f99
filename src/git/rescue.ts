/** Keeps work that would be lost under refs/tutti/rescue/<branch>/<time>. It never leaves the bare clone. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { currentMs } from '../lib/clock.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { isDirectory } from './files.ts'
import { GitError } from './git.ts'
import { headRef, isAncestorOf, resolveCommit, writeCommit } from './history.ts'
import { type BranchName, validBranch } from './names.ts'
import { type BareRepository, git } from './repository.ts'
import { stageTree } from './stage.ts'
import type { WorktreeRecord } from './worktree-records.ts'

/** One piece of work that was kept. */
export interface Rescue {
  ref: string
  sha: Sha
}

const prefix = 'refs/tutti/rescue/'
const author = { name: 'Tutti', email: 'tutti@localhost' }

/** Keeps a commit under a rescue ref of its own. */
export async function saveRescue(repository: BareRepository, branch: BranchName, commit: Sha): Promise<Rescue> {
  const start = currentMs()
  for (let later = 0; ; later++) {
    const ref = `${prefix}${branch}/${stamp(new Date(start + later))}`
    const taken = await git(repository, ['update-ref', '--no-deref', ref, commit, '0'.repeat(commit.length)]).then(
      () => false,
      (error: unknown) => {
        if (error instanceof GitError && /already exists/.test(error.stderr)) return true
        throw error
      },
    )
    if (!taken) return { ref, sha: commit }
  }
}

/** ISO 8601 without `:`, which a ref may not hold: 20261121T061733123Z. */
function stamp(date: Date): string {
  return date.toISOString().replace(/[-:.]/g, '')
}

/** All rescued work, oldest first. */
export async function listRescues(repository: BareRepository): Promise<(Rescue & { branch: BranchName; at: Date })[]> {
  const { stdout } = await git(repository, ['for-each-ref', '--format=%(objectname) %(refname)', prefix])
  return stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', ref = ''] = line.split(' ')
      const end = ref.lastIndexOf('/')
      return {
        ref,
        sha: sha(id),
        branch: validBranch(ref.slice(prefix.length, end)),
        at: readStamp(ref.slice(end + 1)),
      }
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime())
}

/** Gives up rescued work. @param rescue as it was listed; one that is elsewhere by now stays. */
export async function dropRescue(repository: BareRepository, { ref, sha: at }: Rescue): Promise<void> {
  if (!ref.startsWith(prefix)) throw new TypeError(`not a rescue ref: ${ref}`)
  await git(repository, ['update-ref', '--no-deref', '-d', ref, at])
}

function readStamp(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'))
}

/**
 * Keeps what a tree holds beyond its branch: changed and untracked files (not ignored ones), and commits that only its
 * own HEAD has.
 * @param tip the branch; undefined when its commit cannot be read any more
 * @returns undefined when there is nothing beyond the branch.
 */
export async function rescueTree(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
): Promise<Rescue | undefined> {
  const detached = await detachedHead(repository, record, tip)
  const parent = detached ?? tip
  const tree = await changedTree(repository, record, parent)
  if (!tree) return detached ? saveRescue(repository, record.branch, detached) : undefined
  const message = `Rescue of ${record.branch}\n\nFiles as they were in the worktree.`
  const commit = await writeCommit(repository, tree, parent ? [parent] : [], { message, author })
  return saveRescue(repository, record.branch, commit)
}

/** The tree of the files, when it differs from the parent's. */
async function changedTree(
  repository: BareRepository,
  record: WorktreeRecord,
  parent: Sha | undefined,
): Promise<Sha | undefined> {
  if (!(await isDirectory(record.path))) return undefined
  const staged = await stageTree(repository, record, parent, { lenient: true })
  if (staged.kind !== 'tree') return undefined
  return staged.tree === (await treeOf(repository, parent)) ? undefined : staged.tree
}

/** The tree of a commit; undefined when there is no commit, or it cannot be read. */
export async function treeOf(repository: BareRepository, commit: Sha | undefined): Promise<Sha | undefined> {
  if (!commit) return undefined
  const args = ['rev-parse', '--verify', '-q', '--end-of-options', `${commit}^{tree}`]
  const result = await git(repository, args, { accept: [1, 128] })
  return result.code === 0 ? sha(result.stdout.toString('utf8').trim()) : undefined
}

/** A commit that the worktree's HEAD names and the branch does not have: made by an agent that got at git. */
export async function detachedHead(
  repository: BareRepository,
  record: WorktreeRecord,
  tip: Sha | undefined,
): Promise<Sha | undefined> {
  if (record.scratch) return undefined
  const head = (await readFile(join(record.gitDir, 'HEAD'), 'utf8').catch(() => '')).trim()
  const ref = /^ref: (?<ref>refs\/\S+)$/.exec(head)?.groups?.ref
  if (ref === headRef(record.branch)) return undefined
  const name = ref ?? head
  const commit = await resolveCommit(repository, name || 'refs/none').catch(() => undefined)
  if (!commit || (tip && (await isAncestorOf(repository, commit, tip)))) return undefined
  return commit
}
