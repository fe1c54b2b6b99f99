/** Rows of API tokens. The tokens themselves are not here, only their hashes. */

import { and, asc, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database } from './connect.ts'
import { apiTokens } from './schema/api.ts'

export type TokenRow = typeof apiTokens.$inferSelect

/** A token before it is stored. */
export type NewToken = typeof apiTokens.$inferInsert

/** Stores a token. @returns undefined when the name is taken, also by a revoked one: the audit log names tokens. */
export async function addToken(db: Database, token: NewToken): Promise<TokenRow | undefined> {
  const [row] = await db.insert(apiTokens).values(token).onConflictDoNothing({ target: apiTokens.name }).returning()
  return row
}

/** Stores a token in the place of an earlier one with the same name, whose secret is void from now on. */
export async function replaceToken(db: Database, token: NewToken): Promise<TokenRow> {
  const { hash, role, repositoryIds = null, expiresAt = null } = token
  const set = { hash, role, repositoryIds, expiresAt, revokedAt: null, lastUsedAt: null, createdAt: currentTime() }
  const [row] = await db.insert(apiTokens).values(token).onConflictDoUpdate({ target: apiTokens.name, set }).returning()
  if (!row) throw new Error('the token was not stored')
  return row
}

/** The token with this SHA-256, also a revoked or an expired one. */
export async function tokenByHash(db: Database, hash: string): Promise<TokenRow | undefined> {
  const [row] = await db.select().from(apiTokens).where(eq(apiTokens.hash, hash))
  return row
}

/** The token with this name, also a revoked or an expired one. */
export async function tokenByName(db: Database, name: string): Promise<TokenRow | undefined> {
  const [row] = await db.select().from(apiTokens).where(eq(apiTokens.name, name))
  return row
}

/** The tokens that were made for programs, by name; not those that processes make for their own machine. */
export async function listTokens(db: Database): Promise<TokenRow[]> {
  return db.select().from(apiTokens).where(eq(apiTokens.ephemeral, false)).orderBy(asc(apiTokens.name))
}

/**
 * Revokes a token for ever. @param hash only while it still has this secret.
 * @returns whether there was one to revoke.
 */
export async function revokeTokenRow(db: Database, name: string, hash?: string): Promise<boolean> {
  const rows = await db
    .update(apiTokens)
    .set({ revokedAt: currentTime() })
    .where(
      and(
        eq(apiTokens.name, name),
        isNull(apiTokens.revokedAt),
        hash === undefined ? undefined : eq(apiTokens.hash, hash),
      ),
    )
    .returning({ id: apiTokens.id })
  return rows.length > 0
}

/** Notes that a token was used, once a minute at most. */
export async function noteTokenUse(db: Database, id: number): Promise<void> {
  const longAgo = sql`now() - interval '1 minute'`
  await db
    .update(apiTokens)
    .set({ lastUsedAt: sql`now()` })
    .where(and(eq(apiTokens.id, id), or(isNull(apiTokens.lastUsedAt), lt(apiTokens.lastUsedAt, longAgo))))
}
