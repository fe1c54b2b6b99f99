/** Who may come in: requests that a foreign page has sent are refused, and a token says who is asking. */

import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'
import type { Caller } from '../commands/lib/give-command.ts'
import type { Env } from '../config/env.ts'
import type { TokenRow } from '../db/api-tokens.ts'
import type { Store } from '../db/connect.ts'
import { peerOf } from '../lib/peer.ts'
import * as messages from '../messages/api.ts'
import { ApiProblem, apiProblemOf, problemAnswer } from './problem.ts'
import { callerOfToken, findToken } from './tokens.ts'

/** What the guards leave for the routes behind them. */
export interface ApiEnv {
  Variables: { requestId: string; token: TokenRow; caller: Caller }
}

/** Gives each request an id, which the answer and the log name. A proxy may have given it one. */
export function withRequestId(): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const given = context.req.header('X-Request-Id')
    const id = given !== undefined && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
    context.set('requestId', id)
    await next()
    context.header('X-Request-Id', id)
  }
}

/** Answers errors as problems, and logs those that nothing here understands. */
export function problemHandler(log: Logger) {
  return (error: unknown, context: Context): Response => {
    const problem = apiProblemOf(error)
    const { method, path } = context.req
    const request = { requestId: context.get('requestId'), method, path }
    if (problem.kind === 'internal-error') log.error({ err: error, ...request }, 'a request of the API has failed')
    else log.debug({ ...request, problem: problem.kind }, problem.message)
    return problemAnswer(context, problem)
  }
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses what a page of another site has sent: its `Origin` is foreign, or its `Host` is a name that has been bound to
 * this machine (DNS rebinding). An address is no name, and cannot be bound again.
 */
export function refuseForeign(env: Pick<Env, 'HOST' | 'PUBLIC_URL'>): MiddlewareHandler {
  const publicHost = env.PUBLIC_URL === undefined ? undefined : new URL(env.PUBLIC_URL).host
  const known = new Set([...loopbackNames, env.HOST, publicHost && new URL(`http://${publicHost}`).hostname])
  return async (context, next) => {
    const host = context.req.header('Host') ?? new URL(context.req.url).host
    const name = hostnameOf(host)
    if (name === undefined || !(known.has(name) || isIP(name.replace(/^\[|\]$/g, ''))))
      throw new ApiProblem('foreign-request', messages.foreignHost(host))
    const origin = context.req.header('Origin')
    if (origin !== undefined && ![host, publicHost].includes(hostOfOrigin(origin)))
      throw new ApiProblem('foreign-request', messages.foreignOrigin(origin))
    await next()
  }
}

function hostnameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** So many failed log-ins an address has in a minute. A valid token is never held back by the failures of others. */
const failuresAMinute = 20
/** Addresses that are remembered; with more of them the oldest are forgotten. */
const mostAddresses = 10_000

/** Counts failed log-ins by address. */
class Failures {
  readonly #byAddress = new Map<string, { count: number; until: number }>()

  /** @returns for how many more seconds the address has too many; 0 when it has not. */
  add(address: string, now = performance.now()): number {
    const known = this.#byAddress.get(address)
    const entry = known && known.until > now ? known : { count: 0, until: now + 60_000 }
    entry.count++
    this.#byAddress.delete(address)
    this.#byAddress.set(address, entry)
    const [oldest] = this.#byAddress.keys()
    if (this.#byAddress.size > mostAddresses && oldest !== undefined) this.#byAddress.delete(oldest)
    return entry.count > failuresAMinute ? Math.ceil((entry.until - now) / 1_000) : 0
  }
}

/** Lets in who has a token: `Authorization: Bearer tutti_…`. */
export function authenticated({ db }: Pick<Store, 'db'>): MiddlewareHandler<ApiEnv> {
  const failures = new Failures()
  return async (context, next) => {
    const [, secret] = /^Bearer +(\S+)$/i.exec(context.req.header('Authorization') ?? '') ?? []
    const found = secret === undefined ? undefined : await findToken(db, secret)
    if (!found || 'refused' in found) {
      // Who has an old token is no guesser, and learns what is wrong with it.
      const wait = found?.refused === 'unknown' ? failures.add(peerOf(context)) : 0
      throw wait > 0 ? tooManyFailures(wait) : notAuthenticated(found?.refused)
    }
    context.set('token', found.token)
    context.set('caller', callerOfToken(found.token))
    await next()
  }
}

function tooManyFailures(seconds: number): ApiProblem {
  return new ApiProblem('too-many-failures', messages.tooManyFailures, { headers: { 'Retry-After': String(seconds) } })
}

function notAuthenticated(why: 'unknown' | 'expired' | 'revoked' | undefined): ApiProblem {
  const error = why === undefined ? '' : ', error="invalid_token"'
  return new ApiProblem('not-authenticated', messages.notAuthenticated(why), {
    headers: { 'WWW-Authenticate': `Bearer realm="tutti"${error}` },
  })
}
