/** What items wait for: questions and changes that events ask for. See items.ts for `noteBlocker`. */

import { and, eq } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { dependencies } from './schema/core.ts'
import type { DependencyRow } from './work-items.ts'

/** Whether any item waits for an issue. @param repository `owner/name` in any case. */
export async function isBlocker(db: Database, repository: string, issueNumber: number): Promise<boolean> {
  const rows = await db
    .select({ id: dependencies.id })
    .from(dependencies)
    .where(and(eq(dependencies.repository, repository.toLowerCase()), eq(dependencies.issueNumber, issueNumber)))
    .limit(1)
  return rows.length > 0
}

/** The key that says "a newer text than the item's own has said what it waits for". */
export const editedWhileQueued = (itemId: number) => `edited:${itemId}`

/** Adds or removes one native edge. */
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

/** Removes one edge, as far as one source says it. */
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

/** A repository has another name now: edges go on meaning its issues. Names as `owner/name`, in any case. */
export async function renameInEdges(tx: Tx, from: string, to: string): Promise<void> {
  await tx.db
    .update(dependencies)
    .set({ repository: to.toLowerCase() })
    .where(eq(dependencies.repository, from.toLowerCase()))
}
