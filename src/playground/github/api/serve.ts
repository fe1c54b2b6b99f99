/** Answers REST requests: route, faults, caller, budget, permission, act, headers, log. */
import { createHash, randomBytes } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import type { Auth } from '../auth.ts'
import { apiFault, type FaultBook } from '../faults.ts'
import { ApiRefusal } from '../model.ts'
import type { Webhooks } from '../webhooks.ts'
import { findRepository, nameOf, type World } from '../world.ts'
import { admit, type Budgets, budgetHeaders } from './access.ts'
import type { ApiCall, CallLog } from './calls.ts'
import { errorBody } from './errors.ts'
import { misbehaveAfter, misbehaveBefore, type RawAnswer } from './misbehave.ts'
import type { Call, Route, RouteAnswer } from './route.ts'

export interface ApiParts {
  world: World
  auth: Auth
  hooks: Webhooks
  faults: FaultBook
  budgets: Budgets
  log: CallLog
  /** Routes this server does not have: `'POST /repos/…/reactions'`, `*` for any text. Answered with the status. */
  missing: MissingRoute[]
  /** Address → what a read of it was answered last, for the fault `stale`. */
  lastReads: Map<string, RawAnswer>
}

export interface MissingRoute {
  route: string
  /** 404 without it. */
  status?: 404 | 501
}

type Env = { Bindings: HttpBindings }

/** The application for all routes, at the root (as api.github.com) and under `/api/v3` (as Enterprise Server). */
export function createApi(parts: ApiParts, routes: Route[]): Hono<Env> {
  const api = new Hono<Env>({ strict: false })
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)(\+?)\}/g, (_, name, many) => `:${name}${many ? '{.+}' : ''}`)
    // Enterprise Server has GraphQL beside its REST API.
    for (const prefix of ['', route.path === '/graphql' ? '/api' : '/api/v3'])
      api.on(route.method, `${prefix}${path}`, (context) => respond(parts, context, route))
  }
  api.notFound((context) => respond(parts, context, undefined))
  return api
}

async function respond(parts: ApiParts, context: Context<Env>, route: Route | undefined): Promise<Response> {
  const { world } = parts
  const text = await context.req.text()
  const call = record(parts, context, route, text)
  const { outgoing } = context.env
  const rule = apiFault(parts.faults, { ...call, git: false }, world.now())
  if (rule) call.fault = rule.fault.kind
  const instead =
    rule?.fault.kind === 'stale'
      ? parts.lastReads.get(context.req.url)
      : rule && (await misbehaveBefore(rule, outgoing))
  if (instead === 'cut') return RESPONSE_ALREADY_SENT
  const answer = instead ?? (await carryOut(parts, context, route, text))
  if (rule && (await misbehaveAfter(rule, outgoing)) === 'cut') return RESPONSE_ALREADY_SENT
  if (call.method === 'GET' && answer.status === 200) parts.lastReads.set(context.req.url, answer)
  call.status = answer.status
  if (answer.unknown) parts.log.unknown.push(call)
  world.changed()
  const bodyless = answer.status === 204 || answer.status === 304
  return new Response(bodyless ? null : answer.text, { status: answer.status, headers: answer.headers })
}

function record(parts: ApiParts, context: Context<Env>, route: Route | undefined, text: string): ApiCall {
  const { method } = context.req
  const path = context.req.path.replace(/^\/api(?:\/v3(?=\/|$)|(?=\/graphql$))/, '')
  const minting = method === 'POST' && path.endsWith('/access_tokens')
  const call: ApiCall = {
    method,
    route: `${method} ${route?.path.replaceAll('+}', '}') ?? path}`,
    path,
    body: parseJson(text),
    status: 0,
    write: method !== 'GET' && method !== 'HEAD' && !minting,
    minting,
    at: parts.world.now(),
  }
  // The log is the app's: someone exploring by hand would blur its counts.
  if (/^(?:token|bearer) ghp_/i.test(context.req.header('authorization') ?? '')) return call
  parts.log.all.push(call)
  if (!route) parts.log.unknown.push(call)
  return call
}

function parseJson(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function carryOut(
  parts: ApiParts,
  context: Context<Env>,
  route: Route | undefined,
  text: string,
): Promise<RawAnswer> {
  const { world } = parts
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    date: world.now().toUTCString(),
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': randomBytes(10).toString('hex').toUpperCase(),
  }
  try {
    const answer = await act({ parts, context }, route, text, headers)
    const body = JSON.stringify(answer.body ?? null)
    const raw = {
      status: answer.status ?? 200,
      headers: { ...headers, ...answer.headers },
      text: body,
      unknown: answer.unknown,
    }
    return context.req.method === 'GET' && raw.status === 200 ? conditional(context, raw) : raw
  } catch (error) {
    // A mistake of the playground itself is shown in full to whoever runs the test.
    const refusal =
      error instanceof ApiRefusal
        ? error
        : new ApiRefusal(500, error instanceof Error ? `${error.stack}` : String(error))
    const body = errorBody(refusal.status, refusal.message, refusal.errors)
    return { status: refusal.status, headers, text: JSON.stringify(body) }
  }
}

async function act(
  { parts, context }: { parts: ApiParts; context: Context<Env> },
  route: Route | undefined,
  text: string,
  headers: Record<string, string>,
): Promise<RouteAnswer> {
  if (!route) throw new ApiRefusal(404, 'Not Found')
  const gone = missingStatus(parts.missing, `${route.method} ${route.path.replaceAll('+}', '}')}`)
  if (gone) throw new ApiRefusal(gone, gone === 501 ? 'Not Implemented' : 'Not Found')
  const caller = parts.auth.identify(context.req.header('authorization'))
  const budget = parts.budgets.of(caller)
  const spent = budget.used >= budget.limit
  if (!spent && route.path !== '/rate_limit') budget.used += 1
  Object.assign(headers, budgetHeaders(budget))
  if (spent && route.path !== '/rate_limit') throw new ApiRefusal(403, 'API rate limit exceeded for installation.')
  const body = parseJson(text)
  if (body === undefined) throw new ApiRefusal(400, 'Problems parsing JSON')
  const { world, auth, hooks } = parts
  const url = new URL(context.req.url)
  const call: Call = { world, auth, hooks, url, params: context.req.param(), query: url.searchParams, body, caller }
  const admitted = admit(route, call)
  return moved(call) ?? (await route.handle(admitted))
}

/** GitHub redirects from a former name; a client that writes must repeat the body, hence 307. */
function moved({ world, url, params }: Call): RouteAnswer | undefined {
  if (!params.owner || !params.repo) return undefined
  const asked = `${params.owner}/${params.repo}`
  const repository = findRepository(world, asked)
  if (!repository || nameOf(repository).toLowerCase() === asked.toLowerCase()) return undefined
  const location = `${url.origin}${url.pathname.replace(`/repos/${asked}`, `/repos/${nameOf(repository)}`)}${url.search}`
  return { status: 307, headers: { location }, body: { message: 'Moved Permanently', url: location } }
}

function missingStatus(missing: MissingRoute[], route: string): 404 | 501 | undefined {
  const found = missing.find((one) => {
    const pattern = one.route.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${pattern.join('.*')}$`).test(route)
  })
  return found && (found.status ?? 404)
}

/** The tag depends on the token, as GitHub's does: after a token is renewed, nothing is "not modified". */
function conditional(context: Context<Env>, answer: RawAnswer): RawAnswer {
  const hash = createHash('sha256').update(context.req.header('authorization') ?? '')
  const etag = `W/"${hash.update(answer.text).digest('hex')}"`
  const headers = { ...answer.headers, etag, 'cache-control': 'private, max-age=60, s-maxage=60' }
  return context.req.header('if-none-match') === etag ? { status: 304, headers, text: '' } : { ...answer, headers }
}
