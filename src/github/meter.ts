/** Counts the calls to GitHub, and holds them back while GitHub's limits ask for it. */

import { RetryAfter } from '../lib/errors.ts'
import { WriteLimiter } from './write-limiter.ts'

/** What a call counts as. Minting a token is counted apart, as GitHub does. */
export type CallKind = 'read' | 'write' | 'token'

/** What a call with this method to this address counts as. */
export function callKindOf(method: string, url: string): CallKind {
  if (url.includes('/access_tokens')) return 'token'
  return method === 'GET' ? 'read' : 'write'
}

/** Where no answer says how long: "wait for at least one minute" (same page as in `note`). */
const unnamedPauseMs = 60_000

/** Calls made, and until when GitHub wants none. */
export class Meter {
  readonly #limiter = new WriteLimiter()
  reads = 0
  writes = 0
  tokens = 0
  /** In ms since 1970; in the past when no pause is asked for. */
  pausedUntil = 0

  /** Counts a call that is being sent. */
  count(kind: CallKind): void {
    if (kind === 'token') this.tokens++
    else if (kind === 'read') this.reads++
    else {
      this.writes++
      this.#limiter.count()
    }
  }

  /**
   * Whether such a call may be made now.
   * @throws {RetryAfter} while GitHub asks for a pause, for every call: going on can get the app banned. For a write,
   * also while the budget of this minute or hour is used up.
   */
  check(kind: CallKind): void {
    if (this.pausedUntil > Date.now()) {
      throw new RetryAfter('GitHub asked for a pause', new Date(this.pausedUntil + 250))
    }
    const wait = kind === 'write' ? this.#limiter.wait() : 0
    if (wait > 0)
      throw new RetryAfter('the write budget of this minute or hour is used up', new Date(Date.now() + wait))
  }

  /**
   * Notes what an answer says about limits: `retry-after`, else the reset of an exhausted limit, else a minute
   * (docs.github.com, "Best practices for using the REST API").
   */
  async note(response: Response): Promise<void> {
    if (response.status !== 403 && response.status !== 429) return
    const retryAfter = Number(response.headers.get('retry-after'))
    const exhausted = response.headers.get('x-ratelimit-remaining') === '0'
    if (retryAfter > 0) this.#pause(retryAfter * 1_000)
    else if (exhausted) this.#pause(Number(response.headers.get('x-ratelimit-reset')) * 1_000 - Date.now())
    else if (response.status === 429 || (await namesLimit(response))) this.#pause(unnamedPauseMs)
  }

  #pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, Date.now() + Math.max(1_000, ms))
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
