/**
 * Keys of comments, reviews and events that Tutti has acted on: each acts once, also when it is delivered twice. For a
 * subject the same table stores the time of its newest event by GitHub's clock.
 */

import { eq, lt } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { idempotencyKeys } from './schema/deliveries.ts'

/** Claims a key with the transaction. @param at by the clock of the database when not given. @returns whether it was free. */
export async function claimKey(tx: Tx, key: string, at?: Date): Promise<boolean> {
  const rows = await tx.db.insert(idempotencyKeys).values({ key, createdAt: at }).onConflictDoNothing().returning()
  return rows.length > 0
}

/** When a key was claimed. */
export async function claimedAt(db: Database, key: string): Promise<Date | undefined> {
  const [row] = await db
    .select({ at: idempotencyKeys.createdAt })
    .from(idempotencyKeys)
    .where(eq(idempotencyKeys.key, key))
  return row?.at
}

/** Whether a key was claimed. */
export async function hasKey(db: Database, key: string): Promise<boolean> {
  const rows = await db.select({ key: idempotencyKeys.key }).from(idempotencyKeys).where(eq(idempotencyKeys.key, key))
  return rows.length > 0
}

/** Releases a key whose fact is no longer true. */
export async function releaseKey(tx: Tx, key: string): Promise<void> {
  await tx.db.delete(idempotencyKeys).where(eq(idempotencyKeys.key, key))
}

/** The prefix stays as it is: the times before an upgrade count after it. */
const subjectKey = (subject: string) => `heard:${subject}`

/**
 * The time of the newest event about a subject, by GitHub's clock. An earlier event may be outdated: GitHub promises no
 * order. Its times are whole seconds, so an event with the same time may have happened before or after.
 */
export async function lastEventTime(db: Database, subject: string): Promise<Date | undefined> {
  return claimedAt(db, subjectKey(subject))
}

/** Records the time of an event about a subject with the transaction. An earlier time changes nothing. */
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
