/** Pull requests, and the results of the gates. */

import { and, desc, eq, gt, inArray } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { type approvals, pullRequests } from './schema/pull-requests.ts'
import { gateResults } from './schema/runs.ts'
import { workItems } from './schema/work-items.ts'

export type PullRow = typeof pullRequests.$inferSelect
export type ApprovalRow = typeof approvals.$inferSelect
export type GateRow = typeof gateResults.$inferSelect

/** One pull request by its row id. */
export async function getPull(db: Database, id: number): Promise<PullRow | undefined> {
  const [row] = await db.select().from(pullRequests).where(eq(pullRequests.id, id))
  return row
}

/** The newest pull request of an item. */
export async function pullOfItem(db: Database, workItemId: number): Promise<PullRow | undefined> {
  const [row] = await db
    .select()
    .from(pullRequests)
    .where(eq(pullRequests.workItemId, workItemId))
    .orderBy(desc(pullRequests.id))
    .limit(1)
  return row
}

/** A pull request by its number. */
export async function pullByNumber(db: Database, repositoryId: number, number: number): Promise<PullRow | undefined> {
  const [row] = await db
    .select()
    .from(pullRequests)
    .where(and(eq(pullRequests.repositoryId, repositoryId), eq(pullRequests.number, number)))
  return row
}

/** The pull requests of a repository that are open, as far as Tutti knows. */
export async function openPullRows(db: Database, repositoryId: number): Promise<PullRow[]> {
  return db
    .select()
    .from(pullRequests)
    .where(and(eq(pullRequests.repositoryId, repositoryId), eq(pullRequests.state, 'open')))
    .orderBy(pullRequests.id)
}

/** Those of these pull requests that are merged. */
export async function mergedPulls(db: Database, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return []
  const rows = await db
    .select({ id: pullRequests.id })
    .from(pullRequests)
    .where(and(inArray(pullRequests.id, [...new Set(ids)]), eq(pullRequests.state, 'merged')))
  return rows.map(({ id }) => id)
}

/** The ids of items whose pull request is open. @param among only of these; of all when not given. */
export async function itemsWithOpenPull(db: Database, among?: readonly number[]): Promise<Set<number>> {
  const isOpen = eq(pullRequests.state, 'open')
  const rows = await db
    .select({ id: pullRequests.workItemId })
    .from(pullRequests)
    .where(among ? and(isOpen, inArray(pullRequests.workItemId, [...among])) : isOpen)
  return new Set(rows.map(({ id }) => id))
}

/** Whether any pull request to a base branch is open. */
export async function hasOpenPulls(db: Database, repositoryId: number, baseBranch: string): Promise<boolean> {
  return (await openPullRows(db, repositoryId)).some((pull) => pull.baseBranch === baseBranch)
}

/**
 * Stores a pull request and its head. A moved head voids a `/merge` of the old one. Approvals store their own commit
 * and need no change.
 */
export async function savePull(
  tx: Tx,
  facts: Pick<PullRow, 'repositoryId' | 'workItemId' | 'number' | 'url' | 'headSha' | 'baseBranch'>,
): Promise<PullRow> {
  const known = await pullByNumber(tx.db, facts.repositoryId, facts.number)
  const moved = known !== undefined && known.headSha !== facts.headSha
  const [row] = await tx.db
    .insert(pullRequests)
    .values(facts)
    .onConflictDoUpdate({
      target: [pullRequests.repositoryId, pullRequests.number],
      set: {
        ...facts,
        ...(known?.state === 'closed' ? { state: 'open' as const } : {}),
        ...(moved ? { mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null } : {}),
      },
    })
    .returning()
  if (!row) throw new Error('the pull request was not stored')
  return row
}

/** The results of the gates for one commit, in the order in which they ran. */
export async function gateRows(db: Database, workItemId: number, sha: string): Promise<GateRow[]> {
  return db
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.sha, sha)))
    .orderBy(gateResults.id)
}

/** Keeps what one gate said about a commit; said again, the newer verdict counts. */
export async function saveGateResult(tx: Tx, result: Omit<GateRow, 'id' | 'createdAt'>): Promise<void> {
  const row = { ...result, createdAt: currentTime() }
  await tx.db
    .insert(gateResults)
    .values(row)
    .onConflictDoUpdate({ target: [gateResults.workItemId, gateResults.sha, gateResults.gate], set: row })
}

/** What gates have refused in a repository since a time, the newest first. */
export async function refusedByGates(
  db: Database,
  repositoryId: number,
  { since, limit }: { since: Date; limit: number },
): Promise<{ gate: string; summary: string; issueNumber: number; title: string }[]> {
  return db
    .select({
      gate: gateResults.gate,
      summary: gateResults.summary,
      issueNumber: workItems.issueNumber,
      title: workItems.title,
    })
    .from(gateResults)
    .innerJoin(workItems, eq(gateResults.workItemId, workItems.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        inArray(gateResults.verdict, ['fail', 'needs-approval']),
        gt(gateResults.createdAt, since),
      ),
    )
    .orderBy(desc(gateResults.id))
    .limit(limit)
}
