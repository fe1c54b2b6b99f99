/** Keeps a bare clone small: packs grow in number with every fetch and every imported commit. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { branchHead } from './history.ts'
import { validBranch } from './names.ts'
import { readRemoteHeads, remoteHeadsFile } from './recorded-heads.ts'
import { type BareRepository, git } from './repository.ts'
import { listRescues } from './rescue.ts'
import { readRecords } from './worktree-records.ts'

/** More packs than this slow down every lookup of an object; git's own `gc.autoPackLimit` is 50. */
const mostPacks = 20
/** More folders of loose objects than this: about 2,000 objects, as objects spread over 256 folders. */
const mostLooseFolders = 250

/**
 * Puts packs and loose objects together where there are many. Nothing is dropped: commits that no branch has any more stay
 * readable. A repack of everything would take minutes in a large repository; this one rewrites the small packs.
 * @returns whether there was anything to do.
 */
export async function compact(repository: BareRepository): Promise<boolean> {
  const objects = join(repository.gitDir, 'objects')
  const packs = (await names(join(objects, 'pack'))).filter((name) => name.endsWith('.pack'))
  const loose = (await names(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name))
  if (packs.length <= mostPacks && loose.length < mostLooseFolders) return false
  // Not during a fetch of this process, which is about to add a pack.
  await repository.locks.runExclusive('fetch', () =>
    git(repository, ['repack', '-q', '-d', '--geometric=2'], { timeout: 30 * 60_000 }),
  )
  return true
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

/**
 * Since when nothing was fetched or pushed, where the clone could be made again from the server: it has no worktree, no
 * rescued work, and no branch with a commit that the server lacks.
 * @returns undefined where it holds something of its own.
 */
export async function unusedSince(repository: BareRepository): Promise<Date | undefined> {
  if ((await readRecords(repository)).length > 0 || (await listRescues(repository)).length > 0) return undefined
  const heads = await readRemoteHeads(repository)
  if (!heads) return undefined
  const onServer = new Set<string>(heads.values())
  const { stdout } = await git(repository, ['for-each-ref', '--format=%(refname)', 'refs/heads/'])
  for (const ref of stdout.toString('utf8').split('\n').filter(Boolean)) {
    const tip = await branchHead(repository, validBranch(ref.slice('refs/heads/'.length)))
    if (tip && !onServer.has(tip)) return undefined
  }
  return (await stat(remoteHeadsFile(repository))).mtime
}
