/** The three ways GitHub merges, made with `git merge-tree` and `git commit-tree`. No ref is moved here. */

import { commitTree, readCommits, type Signature } from './commits.ts'
import type { Git } from './git.ts'
import { type ObjectId, objectId } from './sha.ts'

/** Id of the merged tree, or undefined when the two commits conflict. */
export async function mergeTree(git: Git, path: string, base: ObjectId, head: ObjectId): Promise<string | undefined> {
  const { status, stdout } = await git.run(path, ['merge-tree', '--write-tree', '--name-only', base, head], {
    accept: [0, 1],
  })
  return status === 0 ? stdout.split('\n')[0] : undefined
}

export interface MergeRequest {
  base: ObjectId
  head: ObjectId
  /** Full text of the commit; a rebase keeps the messages there are. */
  message: string
  author: Signature
  committer: Signature
}

/** A commit with both parents; undefined on conflict. */
export async function mergeCommit(git: Git, path: string, request: MergeRequest): Promise<ObjectId | undefined> {
  const tree = await mergeTree(git, path, request.base, request.head)
  if (!tree) return undefined
  return commitTree(git, path, { ...request, tree, parents: [request.base, request.head] })
}

/** One commit on `base` with all that `head` changed; undefined on conflict. */
export async function squashCommit(git: Git, path: string, request: MergeRequest): Promise<ObjectId | undefined> {
  const tree = await mergeTree(git, path, request.base, request.head)
  if (!tree) return undefined
  return commitTree(git, path, { ...request, tree, parents: [request.base] })
}

/** Every commit of `head` made again on `base`, authors and messages kept; undefined on conflict. */
export async function rebaseCommits(git: Git, path: string, request: MergeRequest): Promise<ObjectId | undefined> {
  const commits = await readCommits(git, path, ['--no-merges', `${request.base}..${request.head}`])
  let tip = request.base
  for (const commit of commits) {
    const parent = commit.parents[0]
    const tree = parent
      ? await pick(git, path, { parent, commit: commit.sha, onto: tip }, request.committer)
      : commit.tree
    if (!tree) return undefined
    tip = await commitTree(git, path, { ...commit, tree, parents: [tip], committer: request.committer })
  }
  return tip
}

/**
 * The tree of a cherry-pick. `git merge-tree --merge-base` would say it directly, but git 2.39 does not know it: so
 * both sides are given a common ancestor that holds the picked commit's parent tree.
 */
async function pick(
  git: Git,
  path: string,
  { parent, commit, onto }: { parent: ObjectId; commit: ObjectId; onto: ObjectId },
  by: Signature,
): Promise<string | undefined> {
  const graft = (tree: string, parents: ObjectId[]): Promise<ObjectId> =>
    commitTree(git, path, { tree, parents, message: 'pick', author: by, committer: by })
  const ancestor = await graft(`${parent}^{tree}`, [])
  const [ours, theirs] = await Promise.all([graft(`${onto}^{tree}`, [ancestor]), graft(`${commit}^{tree}`, [ancestor])])
  return mergeTree(git, path, ours, theirs)
}

/** What `name` (a branch, tag, or full commit id) points at, as far as `refs` knows; ids are given back as they are. */
export function resolveRef(refs: Map<string, ObjectId>, name: string): ObjectId | undefined {
  const plain = name.replace(/^refs\//, '')
  const found = refs.get(`refs/${plain}`) ?? refs.get(`refs/heads/${plain}`) ?? refs.get(`refs/tags/${plain}`)
  if (found) return found
  return /^[0-9a-f]{40}$/.test(name) ? objectId(name) : undefined
}
