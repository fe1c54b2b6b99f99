/** The bare clones of all targets, each opened once. */

import { join } from 'node:path'
import { type BareClone, openBareClone } from './bare-clone.ts'
import { isDirectory, removeFolder } from './files.ts'
import type { StartGit } from './git-options.ts'
import type { TokenSource } from './repository.ts'

/** What a bare clone needs to know of its target. */
export interface CloneTarget {
  /** Never changes; names the folder. */
  githubId: number
  cloneUrl: string
}

interface BareClonesOptions<Of> {
  /** Take plain http to other machines. */
  allowHttp: boolean
  /** Take a folder of this machine as the address. Off by default. */
  allowLocal?: boolean
  /** A token for one target, narrowed to what is needed. */
  token: (target: Of, ...asked: Parameters<TokenSource>) => ReturnType<TokenSource>
  /** How many working trees are made before they are needed, in a large repository; none when not given. */
  spares?: number
  /** Who starts git; this process when not given. */
  start?: StartGit
}

/** Opens the bare clone of each target at its first use, and keeps it open. */
export class BareClones<Of extends CloneTarget> {
  readonly #directory: string
  readonly #options: BareClonesOptions<Of>
  readonly #open = new Map<string, Promise<BareClone>>()

  /** @param directory absolute; holds one folder for each target. */
  constructor(directory: string, options: BareClonesOptions<Of>) {
    this.#directory = directory
    this.#options = options
  }

  /**
   * The bare clone of a target. The first call opens it, and may fetch everything.
   * @throws as `openBareClone` does. A failure is not kept: the next call tries again.
   */
  of(target: Of): Promise<BareClone> {
    // A repository that was renamed or moved has another clone URL. It is opened again, in the same folder.
    const key = `${target.githubId} ${target.cloneUrl}`
    const known = this.#open.get(key)
    if (known) return known
    const opening = openBareClone({
      directory: this.#folder(target),
      cloneUrl: target.cloneUrl,
      token: (...asked) => this.#options.token(target, ...asked),
      allowHttp: this.#options.allowHttp,
      allowLocal: this.#options.allowLocal,
      spares: this.#options.spares,
      start: this.#options.start,
    })
    this.#open.set(key, opening)
    opening.catch(() => this.#open.delete(key))
    return opening
  }

  /** Whether the clone of a target is on this disk. */
  async has(target: Of): Promise<boolean> {
    return isDirectory(this.#folder(target))
  }

  /** Deletes a clone that holds nothing of its own; the next use makes it again. */
  async remove(target: Of): Promise<void> {
    for (const key of this.#open.keys()) if (key.startsWith(`${target.githubId} `)) this.#open.delete(key)
    await removeFolder(this.#folder(target))
  }

  #folder(target: Of): string {
    return join(this.#directory, String(target.githubId))
  }
}
