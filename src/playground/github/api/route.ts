/** What a REST route is: its address, who may call it, and what it answers. The files in `routes/` are lists of these. */
import type { z } from 'zod'
import type { Auth, Caller } from '../auth.ts'
import { type ActingAccount, ApiRefusal, type RepositoryRecord } from '../model.ts'
import type { Webhooks } from '../webhooks.ts'
import type { World } from '../world.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Call {
  world: World
  auth: Auth
  hooks: Webhooks
  /** Full address as asked, for `Link` headers. */
  url: URL
  params: Record<string, string>
  query: URLSearchParams
  /** The parsed JSON body, `{}` without one. */
  body: unknown
  caller: Caller
}

/** A call about one repository, by an installation that covers it or a person. */
export interface RepositoryCall extends Call {
  repository: RepositoryRecord
  actor: ActingAccount
}

export interface RouteAnswer {
  /** Default 200. */
  status?: number
  /** Sent as JSON; nothing for 204. */
  body?: unknown
  headers?: Record<string, string>
  /** The endpoint exists, what was asked of it does not: counted with the calls of unknown endpoints. */
  unknown?: boolean | undefined
}

/** `issues:write` and so on. */
export type Need = `${string}:${'read' | 'write'}`

export interface Route {
  method: Method
  /** GitHub's own notation; `{name+}` also takes slashes. */
  path: string
  who: 'app' | 'installation' | 'anyone'
  /** One of these must be granted. With both issues and pull requests, the one that the issue is decides. */
  needs: Need[]
  handle(call: Call): RouteAnswer | Promise<RouteAnswer>
}

/** A route for anybody. */
export function openRoute(method: Method, path: string, handle: Route['handle']): Route {
  return { method, path, who: 'anyone', needs: [], handle }
}

/** A route for the app's JWT. */
export function appRoute(method: Method, path: string, handle: Route['handle']): Route {
  return { method, path, who: 'app', needs: [], handle }
}

/** A route for an installation token, about one repository. */
export function repositoryRoute(
  method: Method,
  path: string,
  needs: Need | Need[],
  handle: (call: RepositoryCall) => RouteAnswer | Promise<RouteAnswer>,
): Route {
  return {
    method,
    path: `/repos/{owner}/{repo}${path}`,
    who: 'installation',
    needs: [needs].flat(),
    handle: (call) => handle(call as RepositoryCall),
  }
}

/** The parameter as a whole number. @throws {ApiRefusal} 404 */
export function numberParam(call: Call, name: string): number {
  const number = Number(call.params[name])
  if (!Number.isSafeInteger(number)) throw new ApiRefusal(404, 'Not Found')
  return number
}

/** The parameter; the route has it, or the route is wrong. */
export function textParam(call: Call, name: string): string {
  return call.params[name] ?? ''
}

/** The body in the shape the endpoint takes. @throws {ApiRefusal} 422 naming the first field that is wrong. */
export function parseBody<T extends z.ZodType>(call: Call, schema: T): z.infer<T> {
  const read = schema.safeParse(call.body)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const path = issue?.path ?? []
  const field = path.join('/')
  const missing = path.reduce<unknown>((value, key) => Object(value)[key], call.body) === undefined
  const what = missing ? `"${field}" wasn't supplied.` : `For '${field}', ${issue?.message}.`
  throw new ApiRefusal(422, `Invalid request.\n\n${what}`)
}

export function ok(body: unknown): RouteAnswer {
  return { status: 200, body }
}

export function created(body: { url?: string | null }): RouteAnswer {
  return { status: 201, body, headers: body.url ? { location: body.url } : {} }
}

export const noContent: RouteAnswer = { status: 204 }
