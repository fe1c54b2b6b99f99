/**
 * The way to GitHub: Probot's Octokit, with every HTTP exchange passing one door that counts it, gives it a time limit,
 * and stops all traffic while GitHub asks for a pause.
 */

import type { Logger } from 'pino'
import { Probot, ProbotOctokit } from 'probot'
import { RetryAfter } from '../lib/errors.ts'
import { WriteLimiter } from './write-limiter.ts'

export type Octokit = InstanceType<typeof ProbotOctokit>

/** GitHub answers most calls within a second or two and gives up on its own after 10 s. */
const timeoutMs = 15_000
/** Reads are repeated after a server error or a lost connection; writes never are (the publisher looks first). */
const readAttempts = 3

/** Calls made, and until when GitHub wants none. */
export class Meter {
  readonly limiter = new WriteLimiter()
  reads = 0
  writes = 0
  tokens = 0
  pausedUntil = 0

  count(method: string, url: string): void {
    if (url.includes('/access_tokens')) this.tokens++
    else if (method === 'GET') this.reads++
    else {
      this.writes++
      this.limiter.count()
    }
  }

  /** @throws {RetryAfter} while GitHub's limits ask for a pause: going on can get the app banned. */
  check(): void {
    if (this.pausedUntil > Date.now()) {
      throw new RetryAfter('GitHub asked for a pause', new Date(this.pausedUntil + 250))
    }
  }

  /**
   * Notes what an answer says about limits: `retry-after`, else the reset of an exhausted limit, else a minute
   * (docs.github.com, "Best practices for using the REST API").
   */
  note(response: Response): void {
    if (response.status !== 403 && response.status !== 429) return
    const retryAfter = Number(response.headers.get('retry-after'))
    const exhausted = response.headers.get('x-ratelimit-remaining') === '0'
    if (retryAfter > 0) this.#pause(retryAfter * 1_000)
    else if (exhausted) this.#pause(Number(response.headers.get('x-ratelimit-reset')) * 1_000 - Date.now())
    else if (response.status === 429) this.#pause(60_000)
  }

  #pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, Date.now() + Math.max(1_000, ms))
  }
}

export interface Client {
  readonly meter: Meter
  /** Webhook handlers are registered on it. What their contexts ask of GitHub is counted with the rest. */
  readonly probot: Probot
  /** Acts as the app (JWT). */
  app(): Promise<Octokit>
  /** Acts as one installation; the token is minted when needed and renewed by Octokit. */
  installation(id: number): Promise<Octokit>
}

/** Makes the client; nothing is asked of GitHub yet. */
export function createClient(options: {
  appId: string
  privateKey: string
  webhookSecret: string
  apiUrl: string
  log: Logger
}): Client {
  const meter = new Meter()
  const request = { fetch: (url: string, init: RequestInit) => exchange(meter, url, init) }
  // Probot's own throttling waits a second between any two writes and three around pull requests, and its retries
  // repeat writes; the publisher keeps GitHub's documented limits instead and looks before it writes again.
  const octokit = ProbotOctokit.defaults((given: ConstructorParameters<typeof ProbotOctokit>[0]) => ({
    ...given,
    throttle: { enabled: false },
    retry: { enabled: false },
    request: { ...given?.request, ...request },
  }))
  const probot = new Probot({
    appId: options.appId,
    privateKey: options.privateKey,
    secret: options.webhookSecret,
    baseUrl: options.apiUrl,
    Octokit: octokit,
    // Minting tokens goes another way than Octokit's own calls.
    request,
    log: options.log,
  })
  const known = new Map<number, Promise<Octokit>>()
  return {
    meter,
    probot,
    app: () => remember(known, 0, () => probot.auth()),
    installation: (id) => remember(known, id, () => probot.auth(id)),
  }
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

async function exchange(meter: Meter, url: string, init: RequestInit): Promise<Response> {
  const method = (init.method ?? 'GET').toUpperCase()
  const attempts = method === 'GET' ? readAttempts : 1
  for (let attempt = 1; ; attempt++) {
    meter.check()
    meter.count(method, url)
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
      meter.note(response)
      if (response.status < 500 || response.status === 501 || attempt >= attempts) return response
      await response.body?.cancel()
    } catch (error) {
      if (attempt >= attempts) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt * (0.5 + Math.random())))
  }
}
