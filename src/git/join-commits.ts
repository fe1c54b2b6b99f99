/** Makes commits that join branches, of objects alone: no branch and no worktree changes. */

import type { Sha } from '../lib/ids.ts'
import type { Author } from './git-options.ts'
import { forecastMerge, isAncestorOf, readLog, writeCommit } from './history.ts'
import type { BareRepository } from './repository.ts'
import { treeOf } from './rescue.ts'

/** What is joined: `theirs` is brought into `ours`. */
export interface JoinRequest {
  ours: Sha
  theirs: Sha
  author: Author
  message: string
  /**
   * `rebase`: one commit on top of `theirs` with all that `ours` has changed, where every commit of `ours` is by the
   * author. Commits of other people are never rewritten: with one of them it is a merge.
   */
  how: 'merge' | 'rebase'
}

/** `tree`: what the two make together, with markers where they conflict; undefined without a common ancestor. */
export type JoinResult =
  | { kind: 'up-to-date' }
  | { kind: 'joined'; sha: Sha; tree: Sha; how: 'merge' | 'rebase' }
  | { kind: 'conflict'; paths: string[]; tree: Sha | undefined }

/** More commits than this of one branch are not read: they are merged. */
const mostCommits = 200

/** Joins two commits. */
export async function joinCommits(repository: BareRepository, request: JoinRequest): Promise<JoinResult> {
  const { ours, theirs, author, message } = request
  if (await isAncestorOf(repository, theirs, ours)) return { kind: 'up-to-date' }
  const merge = await forecastMerge(repository, ours, theirs)
  if (!merge.clean) return { kind: 'conflict', paths: merge.conflicts, tree: merge.tree }
  const rebase = request.how === 'rebase' && (await allBy(repository, ours, theirs, author))
  const parents = rebase ? [theirs] : [ours, theirs]
  const sha = await writeCommit(repository, merge.tree, parents, { message, author })
  return { kind: 'joined', sha, tree: merge.tree, how: rebase ? 'rebase' : 'merge' }
}

async function allBy(repository: BareRepository, head: Sha, base: Sha, author: Author): Promise<boolean> {
  const commits = await readLog(repository, { base, head }, mostCommits)
  return commits.length < mostCommits && commits.every((commit) => commit.authorEmail === author.email)
}

/** One head on top of those before it. */
export interface StackedHead {
  head: Sha
  /** The base with this head and all before it. */
  commit: Sha
  tree: Sha
}

/**
 * Merges heads on top of a base, one after another. One that conflicts with those before it is left out, and the next
 * is tried without it.
 */
export async function stackHeads(
  repository: BareRepository,
  { base, heads, author }: { base: Sha; heads: readonly Sha[]; author: Author },
): Promise<{ stacked: StackedHead[]; leftOut: Sha[]; baseTree: Sha }> {
  const stacked: StackedHead[] = []
  const leftOut: Sha[] = []
  const baseTree = await treeOf(repository, base)
  if (!baseTree) throw new Error(`the commit ${base} cannot be read`)
  let tip = base
  for (const head of heads) {
    const merge = await forecastMerge(repository, tip, head)
    if (!merge.clean) {
      leftOut.push(head)
      continue
    }
    tip = await writeCommit(repository, merge.tree, [tip, head], { message: `Try ${head}`, author })
    stacked.push({ head, commit: tip, tree: merge.tree })
  }
  return { stacked, leftOut, baseTree }
}
