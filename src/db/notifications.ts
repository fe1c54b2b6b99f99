/** Notices to people: each fact, way and reminder once. */

import { and, eq, gt, inArray, ne, sql } from 'drizzle-orm'
import type { NoticeWay } from '../domain/notices.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { notifications } from './schema/crew.ts'

export type NotificationRow = typeof notifications.$inferSelect

/** Stores a notice. @returns undefined when the same one was stored before. */
export async function addNotification(
  tx: Tx,
  notice: { workItemId: number; fact: string; way: NoticeWay; reminder: number },
): Promise<NotificationRow | undefined> {
  const [row] = await tx.db.insert(notifications).values(notice).onConflictDoNothing().returning()
  return row
}

/**
 * Takes a notice to send it. From now on it is never sent again, unless `endNotification` says that it did not
 * arrive: a process that dies meanwhile may have sent it.
 * @returns undefined when it was taken before.
 */
export async function takeNotification(db: Database, id: number): Promise<NotificationRow | undefined> {
  const [row] = await db
    .update(notifications)
    .set({ state: 'sending' })
    .where(and(eq(notifications.id, id), eq(notifications.state, 'pending')))
    .returning()
  return row
}

/** How sending ended. `pending`: it certainly did not arrive, and is tried again. */
export async function endNotification(
  db: Database,
  id: number,
  state: 'pending' | 'sent' | 'failed',
  error: string | null = null,
): Promise<void> {
  await db
    .update(notifications)
    .set({ state, error, ...(state === 'sent' ? { sentAt: currentTime() } : {}) })
    .where(and(eq(notifications.id, id), inArray(notifications.state, ['sending', 'pending'])))
}

/** Whether people were called about an item for something that came after this fact. */
export async function hasLaterFact(db: Database, workItemId: number, fact: string): Promise<boolean> {
  const first = db
    .select({ id: sql`min(${notifications.id})` })
    .from(notifications)
    .where(and(eq(notifications.workItemId, workItemId), eq(notifications.fact, fact)))
  const later = and(
    eq(notifications.workItemId, workItemId),
    ne(notifications.fact, fact),
    gt(notifications.id, sql`coalesce((${first}), 9223372036854775807)`),
  )
  return (await db.$count(notifications, later)) > 0
}
