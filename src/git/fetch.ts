/** Fetches when many ask at once, and the first fetch. */

import type { BranchName } from './names.ts'
import { readRemoteHeads } from './recorded-heads.ts'
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

  function run(branches?: readonly BranchName[]): Promise<void> {
    const key = branches ? branches.toSorted().join('\n') : '*'
    const shared = waiting.get(key)
    if (shared) return shared
    const mine = repository.locks.runExclusive('fetch', async () => {
      waiting.delete(key)
      await fetchBranches(repository, branches)
    })
    waiting.set(key, mine)
    return mine
  }

  async function first(): Promise<void> {
    // An interrupted first one has written nothing down, and is not mistaken for a whole one.
    if (!(await readRemoteHeads(repository))) await run()
  }

  return { first, run }
}
