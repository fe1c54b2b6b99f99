/** What an agent of each kind needs in memory, as measured: admission counts with it instead of a guess. */

import { recentPeaks } from '../db/agents.ts'
import type { Database } from '../db/connect.ts'

/** Fewer runs than this say nothing about a kind. */
const fewestRuns = 3
/** Nine in ten of its runs stayed below ... */
const percentile = 0.9
/** ... and so much more is kept free, as the next run may be larger than those before. */
const margin = 1.1
/** The peaks are read again after this long, in milliseconds: a run takes minutes, a pass happens many times a second. */
const maxAgeMs = 30_000

/** Reads the needs of all kinds at most twice a minute. */
export class MemoryOfKinds {
  #known: Readonly<Record<string, number>> = {}
  #readAt = Number.NEGATIVE_INFINITY

  /** In bytes, by kind of agent. Kinds with too few runs are absent. */
  async read(db: Database, now: Date): Promise<Readonly<Record<string, number>>> {
    if (now.getTime() - this.#readAt < maxAgeMs) return this.#known
    this.#known = memoryOfKinds(await recentPeaks(db))
    this.#readAt = now.getTime()
    return this.#known
  }
}

/** The memory to keep for one agent of each kind. Pure. @param peaks of its newest runs, in bytes, by kind. */
export function memoryOfKinds(peaks: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  return Object.fromEntries(
    [...peaks]
      .filter(([, list]) => list.length >= fewestRuns)
      .map(([kind, list]) => {
        const sorted = list.toSorted((a, b) => a - b)
        const at = Math.min(sorted.length - 1, Math.ceil(sorted.length * percentile) - 1)
        return [kind, Math.round((sorted[at] ?? 0) * margin)]
      }),
  )
}
