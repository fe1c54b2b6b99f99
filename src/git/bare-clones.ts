/** The control repositories of all targets, each opened once. */

import { join } from 'node:path'
import { type Control, openControl } from './bare-clone.ts'
import type { StartGit } from './git-options.ts'

/** As much of a target as its control repository needs to know. */
export interface Target {
  /** Never changes; names the folder. */
  repositoryId: number
  cloneUrl: string
}

interface ControlsOptions<Of> {
  /** Take plain http to other machines. */
  allowHttp: boolean
  /** Mints a token for one target, narrowed to what is needed. */
  token: (target: Of, need: 'read' | 'write') => Promise<string | undefined>
  /** Who starts git; this process when not given. */
  start?: StartGit
}

export class Controls<Of extends Target> {
  readonly #directory: string
  readonly #options: ControlsOptions<Of>
  readonly #open = new Map<string, Promise<Control>>()

  /** @param directory absolute; holds one folder for each target. */
  constructor(directory: string, options: ControlsOptions<Of>) {
    this.#directory = directory
    this.#options = options
  }

  /** The control repository of a target; the first call opens it and may fetch everything. */
  of(target: Of): Promise<Control> {
    // A repository that was renamed or moved has another clone URL: opened anew, in the same folder.
    const key = `${target.repositoryId} ${target.cloneUrl}`
    const known = this.#open.get(key)
    if (known) return known
    const opening = openControl({
      directory: join(this.#directory, String(target.repositoryId)),
      cloneUrl: target.cloneUrl,
      token: (need) => this.#options.token(target, need),
      allowHttp: this.#options.allowHttp,
      start: this.#options.start,
    })
    this.#open.set(key, opening)
    // A failure is not remembered: the next call tries again.
    opening.catch(() => this.#open.delete(key))
    return opening
  }
}
