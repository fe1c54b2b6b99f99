/** Messages between the crew and people, and the deliveries of each. */

import { and, asc, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { messageDeliveries, messages } from './schema/crew.ts'

export type Message = typeof messages.$inferSelect
export type MessageDelivery = typeof messageDeliveries.$inferSelect

/** A message with one delivery of it. */
export interface DeliveredMessage {
  message: Message
  delivery: MessageDelivery
}

/**
 * Stores a message with a delivery for each reader.
 * @param readers members of the crew; null stands for the people of the issue, who read it in the status comment.
 */
export async function addMessage(
  tx: Tx,
  message: Omit<typeof messages.$inferInsert, 'id' | 'createdAt'>,
  readers: readonly (number | null)[],
): Promise<{ message: Message; deliveries: MessageDelivery[] }> {
  const [row] = await tx.db.insert(messages).values(message).returning()
  if (!row) throw new Error('the message was not stored')
  if (readers.length === 0) return { message: row, deliveries: [] }
  const rows = readers.map((memberId) => ({
    messageId: row.id,
    memberId,
    // The status comment is where people read; it is written with this transaction's effects.
    ...(memberId === null ? { state: 'delivered' as const, attempts: 1 } : {}),
  }))
  return { message: row, deliveries: await tx.db.insert(messageDeliveries).values(rows).returning() }
}

/** Hands out what waits for a member, oldest first: it is delivered from now on. */
export async function takeMessages(tx: Tx, memberId: number, limit: number): Promise<DeliveredMessage[]> {
  const waiting = await tx.db
    .select({ id: messageDeliveries.id })
    .from(messageDeliveries)
    .where(and(eq(messageDeliveries.memberId, memberId), eq(messageDeliveries.state, 'pending')))
    .orderBy(asc(messageDeliveries.id))
    .limit(limit)
    .for('update', { skipLocked: true })
  const ids = waiting.map(({ id }) => id)
  if (ids.length === 0) return []
  await tx.db
    .update(messageDeliveries)
    .set({ state: 'delivered', attempts: sql`${messageDeliveries.attempts} + 1`, updatedAt: currentTime() })
    .where(inArray(messageDeliveries.id, ids))
  return deliveriesWhere(tx.db, inArray(messageDeliveries.id, ids))
}

/**
 * A member has taken messages in.
 * @param messageIds which; all that it was given when absent.
 * @returns how many it had not acknowledged before.
 */
export async function acknowledgeMessages(tx: Tx, memberId: number, messageIds?: readonly number[]): Promise<number> {
  if (messageIds?.length === 0) return 0
  const those = messageIds && inArray(messageDeliveries.messageId, [...messageIds])
  const rows = await tx.db
    .update(messageDeliveries)
    .set({ state: 'acknowledged', updatedAt: currentTime() })
    .where(and(eq(messageDeliveries.memberId, memberId), eq(messageDeliveries.state, 'delivered'), those))
    .returning({ id: messageDeliveries.id })
  return rows.length
}

/** A person has written to a member: what it said to the people of the issue was read. */
export async function acknowledgeByPeople(tx: Tx, workItemId: number, memberId: number): Promise<void> {
  const said = tx.db
    .select({ id: messages.id })
    .from(messages)
    .where(and(eq(messages.workItemId, workItemId), eq(messages.fromMemberId, memberId)))
  await tx.db
    .update(messageDeliveries)
    .set({ state: 'acknowledged', updatedAt: currentTime() })
    .where(
      and(
        isNull(messageDeliveries.memberId),
        eq(messageDeliveries.state, 'delivered'),
        inArray(messageDeliveries.messageId, said),
      ),
    )
}

/** How many messages wait for a member. */
export async function waitingFor(db: Database, memberId: number): Promise<number> {
  return db.$count(
    messageDeliveries,
    and(eq(messageDeliveries.memberId, memberId), eq(messageDeliveries.state, 'pending')),
  )
}

/** One delivery with its message, locked until the transaction ends. */
export async function lockDelivery(tx: Tx, id: number): Promise<DeliveredMessage | undefined> {
  const [locked] = await tx.db.select().from(messageDeliveries).where(eq(messageDeliveries.id, id)).for('update')
  if (!locked) return undefined
  const [row] = await deliveriesWhere(tx.db, eq(messageDeliveries.id, id))
  return row
}

/** Moves a delivery. @param set.attempts how often it was tried. */
export async function moveDelivery(
  tx: Tx,
  id: number,
  set: Pick<MessageDelivery, 'state'> & Partial<Pick<MessageDelivery, 'attempts'>>,
): Promise<void> {
  await tx.db
    .update(messageDeliveries)
    .set({ ...set, updatedAt: currentTime() })
    .where(eq(messageDeliveries.id, id))
}

/** The newest messages about an item with their deliveries, oldest first. */
export async function itemMessages(db: Database, workItemId: number, limit: number): Promise<DeliveredMessage[]> {
  const rows = await db
    .select({ message: messages, delivery: messageDeliveries })
    .from(messages)
    .innerJoin(messageDeliveries, eq(messageDeliveries.messageId, messages.id))
    .where(eq(messages.workItemId, workItemId))
    .orderBy(desc(messageDeliveries.id))
    .limit(limit)
  return rows.toReversed()
}

/** The newest messages of a channel, oldest first. */
export async function channelMessages(
  db: Database,
  repositoryId: number,
  channel: string,
  limit: number,
): Promise<Message[]> {
  const rows = await db
    .select()
    .from(messages)
    .where(and(eq(messages.repositoryId, repositoryId), eq(messages.channel, channel)))
    .orderBy(desc(messages.id))
    .limit(limit)
  return rows.toReversed()
}

/** Whether a member has sent this very text about this item within the last hour: an agent that repeats a call. */
export async function sentLately(
  db: Database,
  message: Pick<Message, 'workItemId' | 'toName' | 'text'> & { fromMemberId: number },
): Promise<boolean> {
  const { workItemId, fromMemberId, toName, text } = message
  const same = and(eq(messages.fromMemberId, fromMemberId), eq(messages.toName, toName), eq(messages.text, text))
  const about = workItemId === null ? isNull(messages.workItemId) : eq(messages.workItemId, workItemId)
  const rows = await db
    .select({ id: messages.id })
    .from(messages)
    .where(and(same, about, sql`${messages.createdAt} > now() - interval '1 hour'`))
    .limit(1)
  return rows.length > 0
}

/** How many messages a member has sent about an item. */
export async function countSent(db: Database, workItemId: number, memberId: number): Promise<number> {
  return db.$count(messages, and(eq(messages.workItemId, workItemId), eq(messages.fromMemberId, memberId)))
}

async function deliveriesWhere(db: Database, where: SQL): Promise<DeliveredMessage[]> {
  return db
    .select({ message: messages, delivery: messageDeliveries })
    .from(messageDeliveries)
    .innerJoin(messages, eq(messageDeliveries.messageId, messages.id))
    .where(where)
    .orderBy(asc(messageDeliveries.id))
}
