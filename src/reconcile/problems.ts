/** What fails while GitHub is compared with the database: each step alone, and each problem said once. */

import type { Logger } from 'pino'
import { findRetryAfter } from '../lib/errors.ts'

/** The problems of one process, over its rounds. */
export class Problems {
  readonly #log: Logger
  /** The last error of each step that fails. */
  readonly #known = new Map<string, string>()

  constructor(log: Logger) {
    this.#log = log
  }

  /**
   * Does one step. If it fails, that is logged when it begins, changes and ends, and not each time in between.
   * @param step its name in the log.
   * @returns undefined when it failed.
   * @throws {RetryAfter} while GitHub asks for a pause: then no step may call.
   */
  async alone<T>(step: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      if (this.#known.delete(step)) this.#log.info({ step }, `${step}: it works again`)
      return result
    } catch (error) {
      const pause = findRetryAfter(error)
      if (pause) throw pause
      this.note(step, error)
      return undefined
    }
  }

  /** Logs a problem, unless it is the one that the step had the last time. */
  note(step: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#known.get(step) === text) return
    this.#known.set(step, text)
    this.#log.warn({ err: error, step }, `${step}: it failed; the rest goes on, and it is tried again`)
  }
}
