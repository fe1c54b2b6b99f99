/**
 * The way to GitHub: Probot's Octokit, with every HTTP exchange passing one door that counts it, gives it a time limit,
 * and stops all traffic while GitHub asks for a pause.
 */

import type { Logger } from 'pino'
import { Probot, ProbotOctokit } from 'probot'
import { storableJson } from '../lib/storable-json.ts'
import { passFence } from './fence.ts'
import { httpStatusOf } from './http-status.ts'
import { callKindOf, Meter, type SharedLimits } from './meter.ts'
import { samePlace } from './same-place.ts'
import { TokenCache } from './token-cache.ts'

/** Octokit with the plug-ins that Probot gives it. */
export type Octokit = InstanceType<typeof ProbotOctokit>

/** GitHub answers most calls within a second or two and gives up on its own after 10 s. */
const timeoutMs = 15_000
/**
 * Reads are repeated after a server error or a lost connection, and so is minting a token, since one too many does no
 * harm. Writes never are: the publisher searches first for what the lost one may have done.
 */
const readAttempts = 3

/** The way to GitHub, as the app and as each of its installations. */
export interface Client {
  readonly meter: Meter
  /** Where GitHub's API is. */
  readonly apiUrl: string
  /** Webhook handlers are registered on it. What their contexts ask of GitHub is counted with the rest. */
  readonly probot: Probot
  /** Acts as the app (JWT). */
  app(): Promise<Octokit>
  /** Acts as one installation; the token is minted when needed, before it expires, and when GitHub refuses it. */
  installation(id: number): Promise<Octokit>
}

/** Makes the client; nothing is asked of GitHub yet. */
export function createClient(options: {
  appId: string
  privateKey: string
  webhookSecret: string
  apiUrl: string
  /** Where calls are counted, for all processes together. */
  limits: SharedLimits
  log: Logger
}): Client {
  const meter = new Meter(options.limits)
  const cache = new TokenCache()
  const request = { fetch: (url: string, init: RequestInit) => exchange(meter, url, init) }
  // Probot's own throttling waits a second between any two writes and three around pull requests, and its retries
  // repeat writes; the publisher keeps GitHub's documented limits instead and searches before it writes again.
  const octokit = ProbotOctokit.plugin(samePlace).defaults((given: ConstructorParameters<typeof ProbotOctokit>[0]) => ({
    ...given,
    // Probot leaves the address out where a token is minted outside of a call: that would go to GitHub.com.
    auth: { ...given?.auth, cache, request: given?.auth?.request?.defaults({ baseUrl: options.apiUrl }) },
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
    apiUrl: options.apiUrl,
    probot,
    app: () => remember(known, 0, () => probot.auth()),
    installation: (id) => remember(known, id, async () => renewToken(await probot.auth(id), () => cache.forget(id))),
  }
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

/**
 * Octokit keeps a token for 59 minutes. It can end before: the app's key is replaced, the installation is suspended for
 * a while. So a call that is refused with 401, and was not carried out, is made once more with a new token.
 */
function renewToken(octokit: Octokit, forget: () => void): Octokit {
  octokit.hook.wrap('request', async (request, options) => {
    try {
      return await request(options)
    } catch (error) {
      if (httpStatusOf(error) !== 401 || callKindOf(options.method, options.url) === 'token') throw error
      forget()
      return request(options)
    }
  })
  return octokit
}

/** The one answer that is no JSON: a text of any size. */
const logOfJob = /\/actions\/jobs\/\d+\/logs$/

async function exchange(meter: Meter, url: string, init: RequestInit): Promise<Response> {
  const method = (init.method ?? 'GET').toUpperCase()
  const kind = callKindOf(method, url)
  const attempts = kind === 'write' ? 1 : readAttempts
  // A text that a limit has cut in the middle of a character is no valid JSON to every reader.
  const body = typeof init.body === 'string' ? storableJson(init.body) : init.body
  for (let attempt = 1; ; attempt++) {
    await meter.acquire(kind)
    if (kind === 'write') await passFence()
    try {
      const response = await fetch(url, { ...init, body, signal: AbortSignal.timeout(timeoutMs) })
      await meter.note(response)
      if (response.status < 500 || response.status === 501 || attempt >= attempts)
        return logOfJob.test(url) ? response : await whole(response)
      await response.body?.cancel()
    } catch (error) {
      if (attempt >= attempts) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt * (0.5 + Math.random())))
  }
}

/**
 * Octokit takes a success with half a body for a success, with the half as a string. Then a comment would be there, and
 * its id not, and the next publication would create a second one.
 * @throws when the answer is not all there, or a proxy's page in its place.
 */
async function whole(response: Response): Promise<Response> {
  if (response.status !== 200 && response.status !== 201) return response
  try {
    await response.clone().json()
  } catch (cause) {
    throw new Error("GitHub's answer was cut off, or was no JSON", { cause })
  }
  return response
}
