/**
 * What was acted on already, by where it came from: the same comment, review or event acts once, whatever is delivered
 * twice. The same table keeps, for a subject, when the newest thing heard about it happened by GitHub's clock.
 */

import { eq, lt } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { idempotencyKeys } from './schema/core.ts'

/** Claims a key with the transaction. @returns whether nobody had it before. */
export async function claimKey(tx: Tx, key: string): Promise<boolean> {
  const rows = await tx.db.insert(idempotencyKeys).values({ key }).onConflictDoNothing().returning()
  return rows.length > 0
}

/** Whether a key was claimed. */
export async function hasKey(db: Database, key: string): Promise<boolean> {
  const rows = await db.select({ key: idempotencyKeys.key }).from(idempotencyKeys).where(eq(idempotencyKeys.key, key))
  return rows.length > 0
}

/** Frees a key: what it stood for is no longer so. */
export async function releaseKey(tx: Tx, key: string): Promise<void> {
  await tx.db.delete(idempotencyKeys).where(eq(idempotencyKeys.key, key))
}

const subjectKey = (subject: string) => `heard:${subject}`

/**
 * When the newest thing heard about a subject happened, by GitHub's clock. What happened earlier may be over: GitHub
 * promises no order. Its times have whole seconds, so "at the same time" may be before or after.
 */
export async function lastEventTime(db: Database, subject: string): Promise<Date | undefined> {
  const [row] = await db
    .select({ at: idempotencyKeys.createdAt })
    .from(idempotencyKeys)
    .where(eq(idempotencyKeys.key, subjectKey(subject)))
  return row?.at
}

/** Notes with the transaction that something happened to a subject at a time; an earlier time changes nothing. */
export async function recordEventTime(tx: Tx, subject: string, at: Date): Promise<void> {
  await tx.db
    .insert(idempotencyKeys)
    .values({ key: subjectKey(subject), createdAt: at })
    .onConflictDoUpdate({
      target: idempotencyKeys.key,
      set: { createdAt: at },
      setWhere: lt(idempotencyKeys.createdAt, at),
    })
}
