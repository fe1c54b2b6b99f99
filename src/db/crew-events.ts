/** What the crew broadcasts: the rows are the record. */

import { and, asc, desc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import { messageTypes, subjectOf } from '../domain/crew-subjects.ts'
import { broadcastOf } from '../domain/lifecycle-broadcast.ts'
import { currentTime } from '../lib/clock.ts'
import type { ItemState } from '../lib/item-state.ts'
import type { Database, Tx } from './connect.ts'
import { crewEvents, crewMembers } from './schema/crew.ts'
import { runs } from './schema/runs.ts'
import type { workItems } from './schema/work-items.ts'

type ItemRow = typeof workItems.$inferSelect

export type CrewEvent = typeof crewEvents.$inferSelect

/** Stores an event, and has its copy sent where NATS is configured. */
export async function addCrewEvent(
  tx: Tx,
  event: Pick<CrewEvent, 'repositoryId' | 'workItemId' | 'subject' | 'payload'>,
): Promise<void> {
  await tx.db.insert(crewEvents).values(event)
  await tx.enqueue({ queue: 'publish-crew-events' })
}

/** Stores the broadcast of a step of an item, if it has one: about the member that made its last run, or Tutti itself. */
export async function addLifecycleEvent(
  tx: Tx,
  item: Pick<ItemRow, 'id' | 'repositoryId' | 'issueNumber' | 'kind' | 'title'>,
  step: { from: ItemState; to: ItemState; why: string; repository?: string },
): Promise<void> {
  const found = broadcastOf(item, step)
  if (!found) return
  const [run] = await tx.db
    .select({ memberId: runs.memberId, name: runs.memberName, attempt: runs.attempt })
    .from(runs)
    .where(and(eq(runs.workItemId, item.id), isNotNull(runs.memberId)))
    .orderBy(desc(runs.id))
    .limit(1)
  const memberId = run?.memberId ?? undefined
  await addCrewEvent(tx, {
    repositoryId: item.repositoryId,
    workItemId: item.id,
    subject: subjectOf(found.kind, memberId === undefined ? {} : { memberId }),
    payload: {
      type: messageTypes[found.kind],
      agent: run?.name ?? (await orchestratorName(tx.db, item.repositoryId)),
      ...(memberId === undefined ? {} : { agent_id: String(memberId), attempt: run?.attempt }),
      repository: step.repository,
      work_stream: item.issueNumber,
      ...found.facts,
    },
  })
}

async function orchestratorName(db: Database, repositoryId: number): Promise<string> {
  const those = and(eq(crewMembers.repositoryId, repositoryId), eq(crewMembers.role, 'orchestrator'))
  const [row] = await db.select({ name: crewMembers.name }).from(crewMembers).where(those).limit(1)
  return row?.name ?? 'Tutti'
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
    .set({ publishedAt: currentTime() })
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
