/**
 * Group commit: deliveries that arrive while a transaction is on its way form the next one. A commit costs a disk
 * flush; sharing it makes the difference between hundreds and thousands of durable deliveries a second.
 */

import type { Logger } from 'pino'
import { isDataError } from '../db/data-error.ts'
import type { NewDelivery } from '../db/deliveries.ts'
import { within } from '../lib/within.ts'

/** Why a delivery was not stored in time: the caller answers 503, and GitHub's list of failed deliveries has it. */
export class NotStored extends Error {
  override name = 'NotStored'
}

/** Stores deliveries, each id once, all or none. @returns the ids that were new. */
export type StoreBatch = (rows: readonly NewDelivery[]) => Promise<Set<string>>

interface Waiting {
  delivery: NewDelivery
  /** Called once, when the delivery is stored, failed or late. */
  settle(error: Error | undefined): void
}

/** One batch has at most this many rows ... */
const maxRows = 250
/** ... and this many bytes, so that one statement stays a few megabytes (a single delivery may be 25 MB). */
const maxBytes = 4 * 1024 * 1024
/**
 * A transaction this old is given up (its connection may hang half-open for many minutes) and the next one starts.
 * It can still commit later; that only means that a delivery answered 503 is stored after all.
 */
const giveUpMs = 20_000

export class BatchWriter {
  readonly #store: StoreBatch
  readonly #log: Logger
  readonly #concurrency: number
  readonly #onStored: ((count: number) => void) | undefined
  #waiting: Waiting[] = []
  #busy = 0

  /** @param options.concurrency transactions at once: 1 on an embedded database, which has one connection. */
  constructor(options: { store: StoreBatch; log: Logger; concurrency: number; onStored?: (count: number) => void }) {
    this.#store = options.store
    this.#log = options.log
    this.#concurrency = options.concurrency
    this.#onStored = options.onStored
  }

  /**
   * Hands a delivery in. `done` is called once: without an error when it is durably stored (now or long ago), with
   * one when it could not be stored.
   */
  add(delivery: NewDelivery, done: (error: Error | undefined) => void): void {
    this.#waiting.push({ delivery, settle: done })
    if (this.#busy < this.#concurrency) this.#start()
  }

  #start(): void {
    this.#busy++
    // After this turn of the event loop: requests that were read together are stored together.
    setImmediate(() => void this.#work())
  }

  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#take()
        await this.#storeBatch(batch)
      }
    } finally {
      this.#busy--
    }
  }

  #take(): Waiting[] {
    let bytes = 0
    let rows = 0
    for (const { delivery } of this.#waiting) {
      bytes += delivery.payload.length
      if (rows > 0 && (rows >= maxRows || bytes > maxBytes)) break
      rows++
    }
    return this.#waiting.splice(0, rows)
  }

  async #storeBatch(batch: Waiting[]): Promise<void> {
    try {
      // A statement may not name the same key twice: a duplicate in one batch is stored once and answered twice.
      const unique = new Map(batch.map(({ delivery }) => [delivery.deliveryId, delivery]))
      const fresh = await within(giveUpMs, this.#store([...unique.values()]))
      if (fresh === 'late') throw new NotStored(`no answer from the database in ${giveUpMs} ms`)
      for (const { settle } of batch) settle(undefined)
      if (fresh.size > 0) this.#onStored?.(fresh.size)
    } catch (error) {
      if (batch.length > 1 && isDataError(error)) {
        // One row that the database cannot hold must not take its neighbours with it.
        for (const one of batch) await this.#storeBatch([one])
        return
      }
      this.#log.error({ err: error, deliveries: batch.length }, 'deliveries could not be stored; answered 503')
      for (const { settle } of batch) settle(new NotStored('the delivery could not be stored', { cause: error }))
    }
  }
}
