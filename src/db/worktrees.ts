/** The worktrees of items: the one that counts, those that were left, and where the work of removed ones was kept. */

import { and, asc, desc, eq, isNotNull, isNull, or, type SQL } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { worktrees } from './schema/runs.ts'

export type WorktreeRow = typeof worktrees.$inferSelect

/** The worktree of an item that counts, if there is one: it may hold work of earlier attempts. */
export async function currentWorktree(db: Database, workItemId: number): Promise<WorktreeRow | undefined> {
  const [row] = await db
    .select()
    .from(worktrees)
    .where(and(eq(worktrees.workItemId, workItemId), isNull(worktrees.leftAt), isNull(worktrees.removedAt)))
    .orderBy(desc(worktrees.id))
    .limit(1)
  return row
}

/** Stores that a run is about to work in the worktree of its item: the row that counts, or a new one. */
export async function takeWorktree(
  db: Database,
  known: WorktreeRow | undefined,
  facts: Pick<WorktreeRow, 'workItemId' | 'path' | 'branch' | 'baseSha' | 'runId'> & { place?: string | null },
): Promise<WorktreeRow> {
  const [row] = known
    ? await db.update(worktrees).set(facts).where(eq(worktrees.id, known.id)).returning()
    : await db.insert(worktrees).values(facts).returning()
  if (!row) throw new Error('the worktree was not stored')
  return row
}

/** Stores that the agent of a run has ended: no process of it writes anywhere any more. */
export async function releaseWorktrees(db: Database, runId: number): Promise<void> {
  await db.update(worktrees).set({ runId: null }).where(eq(worktrees.runId, runId))
}

/** Stores that a worktree was left: the next attempt gets another one. */
export async function markWorktreeLeft(db: Database, id: number): Promise<void> {
  await db.update(worktrees).set({ leftAt: currentTime() }).where(eq(worktrees.id, id))
}

/** Stores that a worktree is gone. @param rescueRef where what it held was kept. */
export async function markWorktreeRemoved(
  tx: Pick<Tx, 'db'>,
  id: number,
  rescueRef: string | undefined,
): Promise<void> {
  await tx.db
    .update(worktrees)
    .set({ removedAt: currentTime(), runId: null, ...(rescueRef ? { rescueRef } : {}) })
    .where(eq(worktrees.id, id))
}

/** Whether a worktree is on the disk of a place. Rows without one are of before there were several. */
export function isAt(row: Pick<WorktreeRow, 'place'>, place: string): boolean {
  return row.place === null || row.place === place
}

/** The same as a condition. */
export function whereAt(place: string): SQL | undefined {
  return or(isNull(worktrees.place), eq(worktrees.place, place))
}

/** Worktrees of a place that were left and are still there, of all items or of one, oldest first. */
export async function leftWorktrees(db: Database, place: string, workItemId?: number): Promise<WorktreeRow[]> {
  const ofItem = workItemId ? eq(worktrees.workItemId, workItemId) : undefined
  return standing(db, and(isNotNull(worktrees.leftAt), whereAt(place), ofItem))
}

/** All worktrees of an item that are still there, at a place, oldest first. */
export async function standingWorktrees(db: Database, place: string, workItemId: number): Promise<WorktreeRow[]> {
  return standing(db, and(whereAt(place), eq(worktrees.workItemId, workItemId)))
}

async function standing(db: Database, which: SQL | undefined): Promise<WorktreeRow[]> {
  return db
    .select()
    .from(worktrees)
    .where(and(isNull(worktrees.removedAt), which))
    .orderBy(asc(worktrees.id))
}

/** Where work of an item was kept that was never committed or never merged, oldest first. */
export async function keptWork(db: Database, workItemId: number): Promise<string[]> {
  const rows = await db
    .select({ ref: worktrees.rescueRef })
    .from(worktrees)
    .where(and(eq(worktrees.workItemId, workItemId), isNotNull(worktrees.rescueRef)))
    .orderBy(asc(worktrees.id))
  return rows.flatMap(({ ref }) => ref ?? [])
}
