/** What the rows say about folders in the data directory: which are still needed. */

import { and, eq, gt, inArray, isNull, ne, notExists, notInArray, or, sql } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database } from './connect.ts'
import type { RepositoryRow } from './repositories.ts'
import { repositories } from './schema/repositories.ts'
import { runs, worktrees } from './schema/runs.ts'
import { workItems } from './schema/work-items.ts'
import { whereAt } from './worktrees.ts'

/** The runs that have not ended, with the epoch of their lease. */
export async function liveRunEpochs(db: Database): Promise<Map<number, number>> {
  const rows = await db.select({ id: runs.id, epoch: runs.leaseEpoch }).from(runs).where(ne(runs.stage, 'ended'))
  return new Map(rows.map(({ id, epoch }) => [id, epoch]))
}

/**
 * The runs whose homes are needed: those that have not ended, with the epoch of their lease, and the last ones of open items
 * with a session that goes on.
 * @param since a session that no attempt has gone on with since then is given up.
 */
export async function neededHomes(db: Database, since: Date): Promise<Map<number, number>> {
  const home = sql<number>`coalesce(${runs.homeRunId}, ${runs.id})`.mapWith(Number)
  const isOpen = notInArray(workItems.state, [...terminalStates])
  const lasts = and(ne(runs.sessionId, ''), gt(runs.endedAt, since), isOpen)
  const rows = await db
    .select({ id: runs.id, home, epoch: runs.leaseEpoch })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(or(ne(runs.stage, 'ended'), lasts))
  return new Map(rows.flatMap(({ id, home: of, epoch }) => [[id, epoch] as const, [of, epoch] as const]))
}

/** Finished items without a live run whose worktrees are still there, at a place, oldest first. */
export async function itemsToCleanUp(db: Database, place: string, limit = 100): Promise<number[]> {
  const live = db
    .select({ id: runs.id })
    .from(runs)
    .where(and(eq(runs.workItemId, workItems.id), ne(runs.stage, 'ended')))
  const rows = await db
    .selectDistinct({ id: workItems.id })
    .from(workItems)
    .innerJoin(worktrees, and(eq(worktrees.workItemId, workItems.id), isNull(worktrees.removedAt)))
    .where(and(inArray(workItems.state, [...terminalStates]), notExists(live), whereAt(place)))
    .orderBy(workItems.id)
    .limit(limit)
  return rows.map(({ id }) => id)
}

/** The paths of all worktrees that are stored as standing at a place. */
export async function standingPaths(db: Database, place: string): Promise<Set<string>> {
  const rows = await db
    .select({ path: worktrees.path })
    .from(worktrees)
    .where(and(isNull(worktrees.removedAt), whereAt(place)))
  return new Set(rows.map(({ path }) => path))
}

/** Every repository that was ever served: the clone of one that is gone may be on the disk. */
export async function everyRepository(db: Database): Promise<RepositoryRow[]> {
  return db.select().from(repositories).orderBy(repositories.id)
}
