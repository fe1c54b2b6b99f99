/** What the crew broadcasts: the rows are the record. */

import { and, asc, desc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { crewEvents } from './schema/crew.ts'

export type CrewEvent = typeof crewEvents.$inferSelect

/** Stores an event, and has its copy sent where NATS is configured. */
export async function addCrewEvent(
  tx: Tx,
  event: Pick<CrewEvent, 'repositoryId' | 'workItemId' | 'subject' | 'payload'>,
): Promise<void> {
  await tx.db.insert(crewEvents).values(event)
  await tx.enqueue({ queue: 'publish-crew-events' })
}

/** Events of the last day that were not copied yet, oldest first. Older ones are history that no listener waits for. */
export async function unpublishedEvents(db: Database, limit: number): Promise<CrewEvent[]> {
  const fresh = sql`${crewEvents.createdAt} > now() - interval '1 day'`
  return db
    .select()
    .from(crewEvents)
    .where(and(isNull(crewEvents.publishedAt), fresh))
    .orderBy(asc(crewEvents.id))
    .limit(limit)
}

/** Notes that these were copied. */
export async function markPublished(db: Database, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .update(crewEvents)
    .set({ publishedAt: new Date() })
    .where(inArray(crewEvents.id, [...ids]))
}

/** The newest events of a repository, newest first. */
export async function crewEventsOf(db: Database, repositoryId: number, limit: number): Promise<CrewEvent[]> {
  return db
    .select()
    .from(crewEvents)
    .where(eq(crewEvents.repositoryId, repositoryId))
    .orderBy(desc(crewEvents.id))
    .limit(limit)
}
