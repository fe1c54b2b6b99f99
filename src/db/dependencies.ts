/** Dependencies: what each item waits for or consists of. One row for each place that names the dependency. */

import { and, eq, inArray, notInArray } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database, Tx } from './connect.ts'
import { dependencies, workItems } from './schema/work-items.ts'
import type { ItemRow } from './work-items.ts'

export type DependencyRow = typeof dependencies.$inferSelect

/** Replaces the edges of an item that come from one source. */
export async function setDependencies(
  tx: Tx,
  item: ItemRow,
  source: DependencyRow['source'],
  edges: Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>[],
): Promise<void> {
  await tx.db.delete(dependencies).where(and(eq(dependencies.dependentId, item.id), eq(dependencies.source, source)))
  if (edges.length === 0) return
  await tx.db
    .insert(dependencies)
    .values(edges.map((edge) => ({ ...edge, source, dependentId: item.id })))
    .onConflictDoNothing()
}

/** The edges of every item that is not finished. @param of only the edges of these items. */
export async function openDependencies(db: Database, of?: readonly number[]): Promise<DependencyRow[]> {
  const those = of && inArray(dependencies.dependentId, [...of])
  const rows = await db
    .select({ edge: dependencies })
    .from(dependencies)
    .innerJoin(workItems, eq(dependencies.dependentId, workItems.id))
    .where(and(notInArray(workItems.state, [...terminalStates]), those))
  return rows.map((row) => row.edge)
}

/** Records that an issue was closed, reopened or deleted, on every edge that waits for it. @returns how many edges. */
export async function setBlockerState(
  tx: Tx,
  repository: string,
  issueNumber: number,
  blocker: DependencyRow['blocker'],
): Promise<number> {
  const rows = await tx.db
    .update(dependencies)
    .set({ blocker })
    .where(and(eq(dependencies.repository, repository.toLowerCase()), eq(dependencies.issueNumber, issueNumber)))
    .returning({ id: dependencies.id })
  if (rows.length > 0) await tx.enqueue({ queue: 'schedule' })
  return rows.length
}

/** Whether any item waits for an issue. @param repository `owner/name` in any case. */
export async function isBlocker(db: Database, repository: string, issueNumber: number): Promise<boolean> {
  const rows = await db
    .select({ id: dependencies.id })
    .from(dependencies)
    .where(and(eq(dependencies.repository, repository.toLowerCase()), eq(dependencies.issueNumber, issueNumber)))
    .limit(1)
  return rows.length > 0
}

/** The idempotency key for "the issue was edited while queued: its dependencies are newer than the item's text". */
export const editedWhileQueuedKey = (itemId: number) => `edited:${itemId}`

/** Adds or removes one edge of GitHub's own "blocked by". */
export async function changeNativeEdge(
  tx: Tx,
  dependentId: number,
  change: 'added' | 'removed',
  edge: Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>,
): Promise<void> {
  const row = { ...edge, dependentId, source: 'native' as const }
  if (change === 'added') {
    await tx.db.insert(dependencies).values(row).onConflictDoNothing()
    return
  }
  await removeEdge(tx, dependentId, 'native', edge)
}

/** Removes one edge of one source. The same edge from another source stays. */
export async function removeEdge(
  tx: Tx,
  dependentId: number,
  source: DependencyRow['source'],
  edge: Pick<DependencyRow, 'repository' | 'issueNumber'>,
): Promise<void> {
  await tx.db
    .delete(dependencies)
    .where(
      and(
        eq(dependencies.dependentId, dependentId),
        eq(dependencies.source, source),
        eq(dependencies.repository, edge.repository),
        eq(dependencies.issueNumber, edge.issueNumber),
      ),
    )
}

/** Updates the edges that name issues of a renamed repository. Names as `owner/name`, in any case. */
export async function renameInEdges(tx: Tx, from: string, to: string): Promise<void> {
  await tx.db
    .update(dependencies)
    .set({ repository: to.toLowerCase() })
    .where(eq(dependencies.repository, from.toLowerCase()))
}
