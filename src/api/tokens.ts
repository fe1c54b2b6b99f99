/**
 * Tokens of programs: made once, shown once, stored as a hash. A token has a role and a scope of repositories; outside of
 * its scope a repository does not exist for it.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Caller } from '../commands/lib/give-command.ts'
import {
  addToken,
  listTokens,
  noteTokenUse,
  revokeTokenRow,
  type TokenRow,
  tokenByHash,
  tokenByName,
} from '../db/api-tokens.ts'
import { appendAudit } from '../db/audit-log.ts'
import type { Database, Store, Tx } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { type TokenRole, tokenRoles } from '../db/schema/api.ts'
import type { Door } from '../domain/doors.ts'
import type { Permission } from '../domain/github.ts'
import { tokenLogin } from '../domain/permissions.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { InvalidArguments, NoSuchThing, TokenExists } from '../lib/errors.ts'
import * as messages from '../messages/api.ts'

/** What a role permits, in GitHub's words. */
const permissions = { read: 'read', operate: 'write', admin: 'admin' } as const satisfies Record<TokenRole, Permission>

/** Scanners for leaked secrets find it by its beginning. */
const prefix = 'tutti_'
const shape = /^tutti_[\w-]{43}$/

/** A new secret of 256 random bits, and what is stored of it. */
export function newSecret(): { secret: string; hash: string } {
  const secret = prefix + randomBytes(32).toString('base64url')
  return { secret, hash: hashOfSecret(secret) }
}

/** The SHA-256 of a secret, in hex. A random secret of 256 bits needs no slower hash. */
function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** What a new token is made of, as programs send it. */
export const tokenRequest = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'must be up to 60 small letters, digits, dots and dashes')
    .refine((name) => !name.startsWith('operator-'), 'must not begin with `operator-`')
    .describe('What it is for; the audit log says `token:<name>`'),
  role: z.enum(tokenRoles).describe('`read` sees, `operate` gives commands as with write access, `admin` everything'),
  repositories: z
    .array(z.string())
    .min(1)
    .max(500)
    .optional()
    .describe('Only for these, as owner/name; for all, also later ones, when absent'),
  expiresInDays: z.number().int().min(1).max(3_650).optional().describe('For ever when absent'),
})

/** A token as it is shown. Times are ISO 8601. */
export const tokenView = z.object({
  name: z.string(),
  role: z.enum(tokenRoles),
  repositories: z.array(z.string()).nullable().describe('As owner/name; null: all'),
  createdBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().describe('To the minute'),
  revokedAt: z.string().nullable(),
})
export type TokenView = z.infer<typeof tokenView>

/**
 * Makes a token.
 * @param by the login of whoever makes it, for the audit log.
 * @returns the secret, which is shown now and never again.
 * @throws {TokenExists} when the name is taken; {NoSuchThing} when a repository is not served; {InvalidArguments}.
 */
export async function makeToken(
  store: Pick<Store, 'transaction'>,
  request: z.input<typeof tokenRequest>,
  by: string,
  door?: Door,
): Promise<{ secret: string; token: TokenView }> {
  const parsed = tokenRequest.safeParse(request)
  if (!parsed.success) throw new InvalidArguments(...messages.tokenDoesNotFit(z.prettifyError(parsed.error)))
  const { name, role, repositories, expiresInDays } = parsed.data
  const { secret, hash } = newSecret()
  return store.transaction(async (tx) => {
    const repositoryIds = repositories ? await idsOf(tx.db, repositories) : null
    const expiresAt = expiresInDays === undefined ? null : new Date(currentMs() + expiresInDays * 86_400_000)
    const row = await addToken(tx.db, { name, role, repositoryIds, hash, createdBy: by, expiresAt })
    if (!row) throw new TokenExists(...messages.tokenExists(name))
    await audit(tx, row, { actor: by, what: 'token made', door })
    return { secret, token: await viewOfToken(tx.db, row) }
  })
}

async function idsOf(db: Database, names: readonly string[]): Promise<number[]> {
  const known = new Map((await servedRepositories(db)).map(({ id, fullName }) => [fullName.toLowerCase(), id]))
  return names.map((name) => {
    const id = known.get(name.toLowerCase())
    if (id === undefined) throw new NoSuchThing(...messages.noRepositoryForToken(name))
    return id
  })
}

/** All tokens that were made, also those that are no longer valid. */
export async function shownTokens(db: Database): Promise<TokenView[]> {
  const views: TokenView[] = []
  for (const row of await listTokens(db)) views.push(await viewOfToken(db, row))
  return views
}

async function viewOfToken(db: Database, row: TokenRow): Promise<TokenView> {
  const iso = (time: Date | null) => time?.toISOString() ?? null
  const names = new Map((await servedRepositories(db)).map(({ id, fullName }) => [id, fullName]))
  return {
    ...{ name: row.name, role: row.role, createdBy: row.createdBy, createdAt: row.createdAt.toISOString() },
    repositories: row.repositoryIds?.flatMap((id) => names.get(id) ?? []) ?? null,
    ...{ expiresAt: iso(row.expiresAt), lastUsedAt: iso(row.lastUsedAt), revokedAt: iso(row.revokedAt) },
  }
}

/**
 * Revokes a token: from now on it opens nothing. A second time changes nothing.
 * @param by the login of whoever revokes it, for the audit log.
 * @throws {NoSuchThing} when there is none with this name.
 */
export async function revokeToken(
  store: Pick<Store, 'transaction'>,
  name: string,
  by: string,
  door?: Door,
): Promise<TokenView> {
  return store.transaction(async (tx) => {
    const revoked = await revokeTokenRow(tx.db, name)
    const row = await tokenByName(tx.db, name)
    if (!row || row.ephemeral) throw new NoSuchThing(...messages.noSuchToken(name))
    if (revoked) await audit(tx, row, { actor: by, what: 'token revoked', door })
    return viewOfToken(tx.db, row)
  })
}

/** Who changed a token, and by which door. */
interface TokenChange {
  actor: string
  what: string
  door: Door | undefined
}

/** Notes a change of a token in the log of every repository that it opens. */
async function audit(tx: Tx, { name, role, repositoryIds }: TokenRow, { actor, what, door }: TokenChange) {
  for (const repo of await servedRepositories(tx.db)) {
    if (repositoryIds?.includes(repo.id) === false) continue
    await appendAudit(tx, {
      repositoryId: repo.id,
      actor,
      what,
      detail: { token: name, role, ...(door ? { door } : {}) },
    })
  }
}

/** A token that opens something now, or why it does not. Only who has the secret learns that it was one. */
export type FoundToken = { token: TokenRow } | { refused: 'unknown' | 'expired' | 'revoked' }

/** Whether a token opens anything now. */
export function isValid({ revokedAt, expiresAt }: Pick<TokenRow, 'revokedAt' | 'expiresAt'>): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > currentTime())
}

/** How often its use is noted. */
const usedEveryMs = 60_000

/** Finds the token of a secret, and notes that it was used. */
export async function findToken(db: Database, secret: string): Promise<FoundToken> {
  if (!shape.test(secret)) return { refused: 'unknown' }
  const hash = hashOfSecret(secret)
  // What the index of the database takes depends on the hash alone, from which no secret can be had.
  const token = await tokenByHash(db, hash)
  if (!token || !timingSafeEqual(Buffer.from(token.hash), Buffer.from(hash))) return { refused: 'unknown' }
  if (token.revokedAt) return { refused: 'revoked' }
  if (!isValid(token)) return { refused: 'expired' }
  if (currentMs() - (token.lastUsedAt?.getTime() ?? 0) > usedEveryMs) await noteTokenUse(db, token.id)
  return { token }
}

/** A token as the one who gives commands. A repository outside of its scope does not exist for it. */
export function callerOfToken(token: TokenRow): Caller {
  return {
    actor: { id: 0, type: 'Token', login: tokenLogin(token.name) },
    id: `token:${token.id}`,
    permissionIn: async ({ id }) => (token.repositoryIds?.includes(id) === false ? 'none' : permissions[token.role]),
  }
}

/** Whether a token may manage tokens and see what belongs to no repository: an admin of everything. */
export function administrates({ role, repositoryIds }: TokenRow): boolean {
  return role === 'admin' && repositoryIds === null
}
