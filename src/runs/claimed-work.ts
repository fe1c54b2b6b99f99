/** What a process does under leases: each piece is claimed inside its job and goes on after it. */

import type { Logger } from 'pino'
import type { ClaimedRun } from '../db/runs.ts'

type Claim = () => Promise<ClaimedRun | undefined>
type Work = (claimed: ClaimedRun, stop: AbortController) => Promise<void>

/**
 * Work of this process that outlives the jobs which start it. The claim belongs to the job, so that a statement that
 * fails is tried again by the queue; the work itself may take hours and lives in its row.
 */
export class ClaimedWork {
  readonly #log: Logger
  readonly #active = new Map<number, { item: number; stop: AbortController; ended: Promise<void> }>()
  readonly #beginning = new Set<Promise<unknown>>()
  #closing = false
  #ending = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** How many runs are being worked on. */
  get size(): number {
    return this.#active.size
  }

  /** The same with those whose claim is being made. */
  get taken(): number {
    return this.#active.size + this.#beginning.size
  }

  /** Begins nothing new, and waits until what is being worked on has ended by itself. */
  async drain(): Promise<void> {
    this.#closing = true
    await Promise.allSettled(this.#beginning)
    while (this.#active.size > 0) await Promise.all([...this.#active.values()].map(({ ended }) => ended))
  }

  /** Whether nothing new is begun. */
  get closing(): boolean {
    return this.#closing
  }

  /**
   * Claims a run and begins to work on it. Nothing happens when someone else has it.
   * @param work must not throw for what it can record; what it throws is logged.
   * @throws what the claim throws: the caller's job is tried again.
   */
  async begin(claim: Claim, work: Work): Promise<void> {
    const beginning = this.#begin(claim, work)
    this.#beginning.add(beginning)
    await beginning.finally(() => this.#beginning.delete(beginning))
  }

  async #begin(claim: Claim, work: Work): Promise<void> {
    const claimed = await claim()
    if (!claimed) return
    const stop = new AbortController()
    // Claimed while the process began to end: it is recorded as such, at once.
    if (this.#ending) stop.abort('shutdown')
    const { runId } = claimed.lease
    const item = claimed.run.workItemId
    // A run of the same item whose lease was lost may still be ending here: two never work on one item at once.
    const before = [...this.#active.values()].filter((other) => other.item === item).map((other) => other.ended)
    const ended = Promise.all(before)
      .then(() => work(claimed, stop))
      .catch((error) => this.#log.error({ err: error, run: runId }, 'the end of a run could not be recorded'))
      .finally(() => this.#active.delete(runId))
    this.#active.set(runId, { item, stop, ended })
  }

  /** Ends all of it, and waits until it has. */
  async close(): Promise<void> {
    this.#closing = true
    this.#ending = true
    await Promise.allSettled(this.#beginning)
    for (const { stop } of this.#active.values()) stop.abort('shutdown')
    await Promise.all([...this.#active.values()].map(({ ended }) => ended))
  }
}
