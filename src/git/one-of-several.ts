/** A clone of which other processes have another one, on another disk. */

import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import type { BareClone } from './bare-clone.ts'
import type { BranchName } from './names.ts'

/** A commit that this disk does not have, and that no one has handed over. */
export class CommitMissing extends OperatorError {
  override name = 'CommitMissing'
}

/**
 * Sees to it that a commit is here before it is used.
 * @param branch of the server that may have it.
 * @throws {CommitMissing} when it is nowhere: the caller's job is tried again.
 */
export async function requireCommit(
  clone: Pick<BareClone, 'resolve' | 'fetch'>,
  commit: Sha,
  branch?: BranchName,
): Promise<void> {
  if (await clone.resolve(commit)) return
  if (branch) await clone.fetch([branch])
  if (branch && (await clone.resolve(commit))) return
  throw new CommitMissing(
    `the commit ${commit} is not here`,
    'The process that made it has not handed it over; it may have ended before it could.',
  )
}

/** Where packs wait for processes that have another disk. */
export interface PackStore {
  save(commit: Sha, pack: Buffer): Promise<void>
  find(commit: Sha): Promise<Buffer | undefined>
}

/**
 * A clone that is one of several of the same repository: `share` hands a commit over, `resolve` takes one that was, and
 * heads of branches are asked of the server, as another clone may have pushed.
 * @param trunk a branch that the caller has fetched: it is not asked for again.
 */
export function oneOfSeveral(clone: BareClone, packs: PackStore, trunk: string): BareClone {
  return {
    ...clone,
    share: async (commit) => packs.save(commit, await clone.packCommit(commit)),
    resolve: async (ref) => {
      const found = await clone.resolve(ref)
      if (found || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return found
      const pack = await packs.find(ref as Sha)
      if (!pack) return undefined
      // It leans on what the server had when it was made, which may be newer than what was fetched here.
      await clone.unpackCommit(pack).catch(async () => {
        await clone.fetch()
        await clone.unpackCommit(pack)
      })
      return clone.resolve(ref)
    },
    remoteHead: async (branch, options) => {
      if (options?.fresh || branch === trunk) return clone.remoteHead(branch, options)
      const known = await clone.remoteHead(branch)
      const head = await clone.remoteHead(branch, { fresh: true })
      if (head && head !== known) await clone.fetch([branch])
      return head
    },
  }
}
