/** Who asks: the session of a browser, and what its person may see, asked of GitHub at most once a minute. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Caller } from '../commands/lib/give-command.ts'
import type { Env } from '../config/env.ts'
import { findSession } from '../db/dashboard-sessions.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import type { Actor, Permission } from '../domain/github.ts'
import { permits } from '../domain/permissions.ts'
import { permissionOf } from '../github/permissions.ts'
import { currentMs } from '../lib/clock.ts'
import { peerOf } from '../lib/peer.ts'
import { reachedAddress } from '../lib/reached-address.ts'
import type { DashboardServices } from './services.ts'

/** A person who is signed in. */
export interface Visitor {
  actor: Actor
  /** The value of the cookie. */
  secret: string
  /** What forms must send with them. */
  csrf: string
  /** What the person may do in a repository: as GitHub said within the last minute. */
  permissionIn(repo: RepositoryRow): Promise<Permission>
  /** For commands: asked now. */
  caller: Caller
}

/** For how long an answer of GitHub counts for what may be seen, in milliseconds. */
const cacheMs = 60_000
const mostCached = 5_000

/** Remembers what people may do, for all visitors. */
export class PermissionCache {
  readonly #known = new Map<string, { permission: Promise<Permission>; until: number }>()

  /** What a person may do in a repository. @throws as `permissionOf`; a failure is not remembered. */
  of(services: DashboardServices, repo: RepositoryRow, actor: Actor): Promise<Permission> {
    const key = `${actor.id} ${repo.id}`
    const known = this.#known.get(key)
    if (known && known.until > currentMs()) return known.permission
    if (this.#known.size >= mostCached) this.#known.clear()
    const permission = permissionOf(services, repo, actor)
    this.#known.set(key, { permission, until: currentMs() + cacheMs })
    permission.catch(() => this.#known.delete(key))
    return permission
  }
}

/** The address under which browsers reach us, without a path. */
export function originOf(context: Context, { PUBLIC_URL }: PublicAddress): string {
  return reachedAddress({
    publicUrl: PUBLIC_URL,
    peer: peerOf(context),
    header: (name) => context.req.header(name) ?? (name === 'host' ? new URL(context.req.url).host : undefined),
  })
}

/** Where this Tutti is for people, if its operator has said so. */
export type PublicAddress = Pick<Env, 'PUBLIC_URL'>

/** `__Host-` binds a cookie to this host alone; browsers accept it with https only. */
export function cookieName(context: Context, env: PublicAddress, name: 'session' | 'sign-in' | 'reply'): string {
  return originOf(context, env).startsWith('https:') ? `__Host-tutti-${name}` : `tutti-${name}`
}

/** How all cookies are set. @param maxAge in seconds. */
export function cookieOptions(context: Context, env: PublicAddress, maxAge: number) {
  const secure = originOf(context, env).startsWith('https:')
  return { httpOnly: true, sameSite: 'Lax', path: '/', maxAge, secure } as const
}

/** The visitor of a request; undefined without a sign-in. */
export async function visitorOf(
  context: Context,
  services: DashboardServices,
  cache: PermissionCache,
): Promise<Visitor | undefined> {
  const secret = getCookie(context, cookieName(context, services.env, 'session'))
  const session = secret ? await findSession(services.store.db, secret) : undefined
  if (!secret || !session) return undefined
  const actor: Actor = { id: session.userId, login: session.login, type: 'User' }
  return {
    ...{ actor, secret, csrf: csrfToken(secret) },
    permissionIn: (repo) => cache.of(services, repo, actor),
    caller: {
      actor,
      id: `user:${actor.id}`,
      permissionIn: (repo) => permissionOf(services, repo, actor),
    },
  }
}

/** The repositories that a visitor can read, by name. */
export async function readableRepositories(services: DashboardServices, visitor: Visitor): Promise<RepositoryRow[]> {
  const all = await servedRepositories(services.store.db)
  const allowed = await Promise.all(all.map(async (repo) => permits(await visitor.permissionIn(repo), 'read')))
  return all.filter((_, at) => allowed[at]).toSorted((a, b) => a.fullName.localeCompare(b.fullName))
}

/** The token that the forms of a session carry. It follows from the secret, which no page shows. */
function csrfToken(secret: string): string {
  return createHash('sha256').update(`csrf ${secret}`).digest('base64url')
}

/** Whether a form comes from a page of ours: its token fits, and the browser names our own address as its origin. */
export function isOwnForm(context: Context, env: PublicAddress, visitor: Visitor, token: unknown): boolean {
  const origin = context.req.header('origin')
  const site = context.req.header('sec-fetch-site')
  const own = origin === undefined ? site === undefined || site === 'same-origin' : origin === originOf(context, env)
  const given = createHash('sha256')
    .update(String(token ?? ''))
    .digest()
  return own && timingSafeEqual(given, createHash('sha256').update(visitor.csrf).digest())
}
