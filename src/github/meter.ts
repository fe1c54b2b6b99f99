/** Counts the calls to GitHub, and holds them back while GitHub's limits ask for it. */

import {
  budgetOf,
  type CallBudget,
  type CallKind,
  type CallRecord,
  timesBudget,
  unlimitedBudget,
  waitFor,
} from '../domain/call-limits.ts'
import { currentMs } from '../lib/clock.ts'
import { RetryAfter } from '../lib/errors.ts'

/** What a call with this method to this address counts as. */
export function callKindOf(method: string, url: string): CallKind {
  if (url.includes('/access_tokens')) return 'token'
  return method === 'GET' ? 'read' : 'write'
}

/** Where the calls of all processes are counted. */
export interface SharedLimits {
  /** Counts a call if there is room for it. @returns undefined when it may be made; otherwise what is in its way. */
  count(budget: CallBudget): Promise<{ record: CallRecord; now: number } | undefined>
  /** How many times GitHub.com's limits this server allows, 0 for no limits; 1 when not given. */
  factor?: number
  /** Keeps everybody from calling for so many milliseconds. */
  pause(ms: number): Promise<void>
}

/** Where no answer says how long: "wait for at least one minute" (same page as in `note`). */
const unnamedPauseMs = 60_000
/** A write that was counted for the publisher is made within this time, or counts once more. */
const reservedMs = 1_000
/** The pause ends by the clock of the database, which may be a little behind ours. */
const clocksMs = 250

/** Calls of this process, and until when GitHub wants none of anybody. */
export class Meter {
  readonly #limits: SharedLimits
  /** When each write that was counted ahead stops being good. */
  #reserved: number[] = []
  #unstoredPause = false
  reads = 0
  writes = 0
  tokens = 0
  /** In ms since 1970; in the past when no pause is asked for. */
  pausedUntil = 0

  constructor(limits: SharedLimits) {
    this.#limits = limits
  }

  /**
   * Counts a call that is to be sent now.
   * @throws {RetryAfter} while GitHub asks for a pause, for every call: going on can get the app banned. Also while the
   * budget of this minute or hour is used up.
   */
  async acquire(kind: CallKind): Promise<void> {
    if (kind !== 'write') await this.#count(budgetOf(kind)).catch((error) => this.#withoutDatabase(error))
    else if (!this.#takeReserved()) await this.#count(budgetOf(kind))
    if (kind === 'token') this.tokens++
    else if (kind === 'read') this.reads++
    else this.writes++
  }

  /**
   * Counts one write ahead, for whoever must know that it can be sent before anything is begun.
   * @param priority as in `effectPriorities`; the less urgent leave something of the budget to the others.
   * @throws {RetryAfter} as `acquire`.
   */
  async reserveWrite(priority: number): Promise<void> {
    if (this.#reserved.some((until) => until > currentMs())) return
    await this.#count(budgetOf('write', priority))
    this.#reserved = [currentMs() + reservedMs]
  }

  #takeReserved(): boolean {
    const until = this.#reserved.pop()
    return until !== undefined && until > currentMs() && this.pausedUntil <= currentMs()
  }

  async #count(onGitHub: CallBudget): Promise<void> {
    const { factor = 1 } = this.#limits
    const budget = factor === 0 ? unlimitedBudget : timesBudget(onGitHub, factor)
    if (this.pausedUntil > currentMs()) {
      if (this.#unstoredPause) await this.#pause(this.pausedUntil - currentMs())
      throw this.#paused()
    }
    const inTheWay = await this.#limits.count(budget)
    if (!inTheWay) return
    const { record, now } = inTheWay
    if (record.pausedUntil > now) {
      this.pausedUntil = currentMs() + record.pausedUntil - now
      throw this.#paused()
    }
    const wait = Math.max(50, waitFor(budget, record, now))
    throw new RetryAfter(`the ${budget.kind} budget of this minute or hour is used up`, new Date(currentMs() + wait))
  }

  #paused(): RetryAfter {
    return new RetryAfter('GitHub asked for a pause', new Date(this.pausedUntil + clocksMs))
  }

  /** Reads do no harm that must be counted: they go on when only the database is away. */
  #withoutDatabase(error: unknown): void {
    if (error instanceof RetryAfter) throw error
  }

  /**
   * Notes what an answer says about limits: `retry-after`, else the reset of an exhausted limit, else a minute
   * (docs.github.com, "Best practices for using the REST API").
   */
  async note(response: Response): Promise<void> {
    if (response.status !== 403 && response.status !== 429) return
    const retryAfter = Number(response.headers.get('retry-after'))
    const exhausted = response.headers.get('x-ratelimit-remaining') === '0'
    if (retryAfter > 0) await this.#pause(retryAfter * 1_000)
    else if (exhausted) await this.#pause(Number(response.headers.get('x-ratelimit-reset')) * 1_000 - currentMs())
    else if (response.status === 429 || (await namesLimit(response))) await this.#pause(unnamedPauseMs)
  }

  /** This process honours it in any case; when the database does not take it, it is stored with the next call. */
  async #pause(asked: number): Promise<void> {
    const ms = Math.max(1_000, asked)
    this.pausedUntil = Math.max(this.pausedUntil, currentMs() + ms)
    this.#unstoredPause = await this.#limits.pause(ms).then(
      () => false,
      () => true,
    )
  }
}

/** A 403 without headers is a missing permission or a secondary limit: only its text says which. */
async function namesLimit(response: Response): Promise<boolean> {
  const text = await response
    .clone()
    .text()
    .catch(() => '')
  return isRateLimitMessage(text)
}

/** Whether this is how GitHub says that a limit was passed. */
export function isRateLimitMessage(text: string): boolean {
  return /rate limit/i.test(text)
}
