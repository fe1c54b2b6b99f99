/** What came of bringing base branches into the heads of pull requests. */

import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import type { PullRow } from './pull-requests.ts'
import { branchUpdates } from './schema/merging.ts'

export type BranchUpdateRow = typeof branchUpdates.$inferSelect

/** Stores what came of one try. The same head and base again replace it. */
export async function saveBranchUpdate(tx: Tx, row: Omit<BranchUpdateRow, 'id' | 'createdAt'>): Promise<void> {
  const target = [branchUpdates.pullRequestId, branchUpdates.fromSha, branchUpdates.baseSha]
  await tx.db
    .insert(branchUpdates)
    .values(row)
    .onConflictDoUpdate({ target, set: { ...row, createdAt: currentTime() } })
}

/** The conflict that the head of a pull request has with its base, as last found; undefined when it has none. */
export async function openConflict(
  db: Database,
  pull: Pick<PullRow, 'id' | 'headSha'>,
): Promise<BranchUpdateRow | undefined> {
  const { pullRequestId, fromSha, toSha } = branchUpdates
  const [row] = await db
    .select()
    .from(branchUpdates)
    .where(and(eq(pullRequestId, pull.id), eq(fromSha, pull.headSha), isNull(toSha)))
    .orderBy(desc(branchUpdates.createdAt))
    .limit(1)
  return row
}

/** How a head of ours was made from an older one; undefined when it was made otherwise. */
export async function updateThatMade(db: Database, sha: string): Promise<BranchUpdateRow | undefined> {
  const [row] = await db
    .select()
    .from(branchUpdates)
    .where(and(eq(branchUpdates.toSha, sha), isNotNull(branchUpdates.toSha)))
    .orderBy(desc(branchUpdates.id))
    .limit(1)
  return row
}
