/**
 * What is announced about roadmaps: their phases, and timed lines about their parts. Each one is an entry of the audit log
 * about the roadmap, so that it is in every list and stream of events.
 */

import { and, desc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import { partName } from '../domain/part-status.ts'
import { type PhaseAt, phaseKey, phaseLine } from '../domain/phases.ts'
import { currentTime } from '../lib/clock.ts'
import type { ItemState } from '../lib/item-state.ts'
import { stepOfPart, timedLine } from '../messages/progress.ts'
import { appendAudit } from './audit-log.ts'
import type { Database, Tx } from './connect.ts'
import { auditLog } from './schema/repositories.ts'
import { runs } from './schema/runs.ts'
import type { workItems } from './schema/work-items.ts'

/** A row of `work_items`. Not imported from `work-items.ts`, which imports this file. */
type ItemRow = typeof workItems.$inferSelect

/** An unfinished roadmap, and the repository that it is in, as `owner/name`. */
export interface RoadmapAbove {
  epic: ItemRow
  repository: string
}

/** `phase`: the phase that an entry announces. `begun`: when the first agent started; null once the roadmap is over. */
const [phaseIn, begunIn] = [sql<string>`${auditLog.detail}->>'phase'`, sql<string | null>`${auditLog.detail}->>'begun'`]

/** Announces a phase of a roadmap at the end of the transaction. */
export async function announcePhase(
  tx: Tx,
  { id, repositoryId }: Pick<ItemRow, 'id' | 'repositoryId'>,
  at: PhaseAt,
): Promise<void> {
  const isOver = at.phase === 6 ? { begun: null } : {}
  const detail = { phase: phaseKey(at), ...isOver }
  await appendAudit(tx, { repositoryId, workItemId: id, actor: 'tutti', what: phaseLine(at), detail })
}

/** The phase that was last announced of each of these roadmaps, as `phaseKey`. */
export async function lastPhases(db: Database, epicIds: readonly number[]): Promise<Map<number, string>> {
  if (epicIds.length === 0) return new Map()
  const rows = await db
    .selectDistinctOn([auditLog.workItemId], { id: auditLog.workItemId, phase: phaseIn })
    .from(auditLog)
    .where(and(inArray(auditLog.workItemId, [...epicIds]), isNotNull(phaseIn)))
    .orderBy(auditLog.workItemId, desc(auditLog.id))
  return new Map(rows.flatMap(({ id, phase }) => (id === null ? [] : [[id, phase]])))
}

/**
 * Announces a step of an item to the roadmaps above it, at the end of the transaction.
 * @param repository of the item, `owner/name`.
 */
export async function announceStep(
  tx: Tx,
  above: readonly RoadmapAbove[],
  { item, repository }: { item: ItemRow; repository: string },
  step: { from: ItemState; to: ItemState },
): Promise<void> {
  if (above.length === 0 || item.kind === 'epic' || !stepOfPart(step, '', '')) return
  const name = await lastAgentOf(tx.db, item.id)
  const key = `${repository.toLowerCase()}#${item.issueNumber}`
  const now = currentTime()
  for (const { epic, repository: home } of above) {
    const begun = await begunAt(tx.db, epic.id)
    const minutes = Math.floor((now.getTime() - (begun ?? now).getTime()) / 60_000)
    const text = stepOfPart(step, name, partName(key, home.toLowerCase())) ?? ''
    const start = begun ?? (step.to === 'running' ? now : undefined)
    await appendAudit(tx, {
      ...{ repositoryId: epic.repositoryId, workItemId: epic.id, actor: 'tutti', what: timedLine(minutes, text) },
      detail: { part: key, ...(start ? { begun: start.toISOString() } : {}) },
    })
  }
  // No agent has ended by this step, and still the roadmap may be in its next phase.
  if (step.to === 'reviewing') await tx.enqueue({ queue: 'schedule' })
}

async function lastAgentOf(db: Database, workItemId: number): Promise<string> {
  const [run] = await db
    .select({ name: sql<string>`coalesce(${runs.memberName}, ${runs.agent})` })
    .from(runs)
    .where(eq(runs.workItemId, workItemId))
    .orderBy(desc(runs.id))
    .limit(1)
  return run?.name ?? 'Tutti'
}

/** When the first agent of a roadmap started; undefined where none has. */
async function begunAt(db: Database, epicId: number): Promise<Date | undefined> {
  const [row] = await db
    .select({ begun: begunIn })
    .from(auditLog)
    .where(and(eq(auditLog.workItemId, epicId), sql`${auditLog.detail} ? 'begun'`))
    .orderBy(desc(auditLog.id))
    .limit(1)
  return row?.begun ? new Date(row.begun) : undefined
}

/** The newest timed lines about the parts of a roadmap, oldest first. @param limit at most so many. */
export async function timedLines(db: Database, epicId: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ what: auditLog.what })
    .from(auditLog)
    .where(and(eq(auditLog.workItemId, epicId), sql`${auditLog.detail} ? 'part'`))
    .orderBy(desc(auditLog.id))
    .limit(limit)
  return rows.map(({ what }) => what).reverse()
}
