/** The clones of this process, where other processes may have clones of the same repositories on other disks. */

import type { Logger } from 'pino'
import { findCommitPack, saveCommitPack } from '../db/commit-packs.ts'
import type { Store } from '../db/connect.ts'
import { isOtherPlaceAlive } from '../db/places.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { BareClones } from '../git/bare-clones.ts'
import { oneOfSeveral } from '../git/one-of-several.ts'
import type { Sha } from '../lib/ids.ts'

interface PlacedServices {
  store: Pick<Store, 'db' | 'kind'>
  log: Pick<Logger, 'warn'>
  clones: Pick<BareClones<RepositoryRow>, 'of'>
  /** Whether processes of other places take part; see `severalPlaces`. */
  several: () => Promise<boolean>
}

/**
 * Opens clones as `BareClones` does. With other places about, each is first brought up to what the server has. On a Postgres
 * commits are handed over also while there is no other place.
 */
export class PlacedClones {
  readonly #services: PlacedServices
  /** The last fetch of each repository by this process, with the revision that it was for. */
  readonly #fetched = new Map<number, { revision: number; done: Promise<void> }>()

  constructor(services: PlacedServices) {
    this.#services = services
  }

  /** The clone of a repository. @throws as `BareClones.of` does, and when the fetch fails. */
  async of(repo: RepositoryRow): Promise<BareClone> {
    const { store, clones, several, log } = this.#services
    const clone = await clones.of(repo)
    // An embedded database serves one process, for good.
    if (store.kind === 'pglite') return clone
    const alone = !(await several())
    if (!alone && repo.state !== 'gone') await this.#fetch(repo, clone)
    const packs = {
      save: (commit: string, pack: Buffer) => saveCommitPack(store.db, repo.id, commit, pack),
      find: (commit: string) => findCommitPack(store.db, repo.id, commit),
    }
    const shared = oneOfSeveral(clone, packs, repo.defaultBranch)
    if (!alone) return shared
    // A process that joins later, as in a rolling upgrade, needs what was made before; no one does yet.
    const share = (commit: Sha) =>
      shared
        .share(commit)
        .catch((err) => log.warn({ err, commit }, 'a commit could not be kept for processes that join'))
    return { ...clone, share }
  }

  /** `fetchedRevision` of the row is of whichever clone was fetched last: what this one has is known here alone. */
  async #fetch(repo: RepositoryRow, clone: BareClone): Promise<void> {
    const last = this.#fetched.get(repo.id)
    if (last && last.revision >= repo.remoteRevision) return last.done
    const fetch = { revision: repo.remoteRevision, done: clone.fetch() }
    this.#fetched.set(repo.id, fetch)
    // One that failed is not kept.
    fetch.done.catch(() => {
      if (this.#fetched.get(repo.id) === fetch) this.#fetched.delete(repo.id)
    })
    await fetch.done
  }
}

/** How long the answer about other places is kept, in milliseconds. */
const freshMs = 2_000

/**
 * Whether processes of other places take part. A process with a part of the work never works alone; one that does
 * everything asks the database now and then.
 */
export function severalPlaces(
  store: Pick<Store, 'db' | 'kind'>,
  { place, whole, timeoutMs }: { place: string; whole: boolean; timeoutMs: number },
): () => Promise<boolean> {
  let last: { at: number; answer: Promise<boolean> } | undefined
  return () => {
    // An embedded database serves one process.
    if (store.kind === 'pglite') return Promise.resolve(false)
    if (!whole) return Promise.resolve(true)
    if (last && performance.now() - last.at < freshMs) return last.answer
    const answer = isOtherPlaceAlive(store.db, place, timeoutMs)
    last = { at: performance.now(), answer }
    answer.catch(() => {
      last = undefined
    })
    return answer
  }
}
