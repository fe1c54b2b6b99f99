/** Fetches when many ask at once, and the first fetch. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from './files.ts'
import type { BranchName } from './names.ts'
import { fetchBranches } from './remote.ts'
import type { BareRepository } from './repository.ts'

/** The fetches of one repository. */
export interface Fetcher {
  /** Fetches all branches, unless that was done before from this address. */
  first(): Promise<void>
  run(branches?: readonly BranchName[]): Promise<void>
}

/**
 * One fetch at a time. Callers share a fetch that has not begun. One that has begun is not shared, since it may have
 * asked the server before the change that the caller wants to see.
 */
export function createFetcher(repository: BareRepository): Fetcher {
  const waiting = new Map<string, Promise<void>>()
  // The address of the last complete fetch of everything: an interrupted first one is not mistaken for a whole one.
  const marker = join(repository.privateDir, 'fetched')

  function run(branches?: readonly BranchName[]): Promise<void> {
    const key = branches ? branches.toSorted().join('\n') : '*'
    const shared = waiting.get(key)
    if (shared) return shared
    const mine = repository.locks.runExclusive('fetch', async () => {
      waiting.delete(key)
      await fetchBranches(repository, branches)
      if (!branches) await replaceFile(marker, repository.url)
    })
    waiting.set(key, mine)
    return mine
  }

  async function first(): Promise<void> {
    if ((await readFile(marker, 'utf8').catch(() => '')) !== repository.url) await run()
  }

  return { first, run }
}
