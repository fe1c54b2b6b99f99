/** Stored reviews of Tutti's pull requests. `/merge` and the status comment read them. */

import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { lastEventTime, recordEventTime } from './idempotency-keys.ts'
import type { ApprovalRow } from './pull-requests.ts'
import { approvals, pullRequests } from './schema/pull-requests.ts'

/** Stores a review. @returns whether it is new. */
export async function addReview(tx: Tx, review: typeof approvals.$inferInsert): Promise<boolean> {
  const rows = await tx.db.insert(approvals).values(review).onConflictDoNothing().returning({ id: approvals.id })
  return rows.length > 0
}

/** Stores that a review was dismissed, also one that is not stored yet. */
export async function dismissReview(tx: Tx, review: typeof approvals.$inferInsert): Promise<void> {
  await tx.db
    .insert(approvals)
    .values({ ...review, state: 'dismissed' })
    .onConflictDoUpdate({ target: [approvals.pullRequestId, approvals.reviewId], set: { state: 'dismissed' } })
}

/** Whether the same person has given a later verdict than this review. Later reviews have higher ids. */
export async function hasLaterVerdict(
  tx: Tx,
  review: Pick<ApprovalRow, 'pullRequestId' | 'reviewerId' | 'reviewId'>,
): Promise<boolean> {
  const rows = await tx.db
    .select({ id: approvals.id })
    .from(approvals)
    .where(
      and(
        eq(approvals.pullRequestId, review.pullRequestId),
        eq(approvals.reviewerId, review.reviewerId),
        gt(approvals.reviewId, review.reviewId),
        inArray(approvals.state, ['approved', 'changes_requested', 'dismissed']),
      ),
    )
    .limit(1)
  return rows.length > 0
}

/** Ids of the people who have approved the present head, as far as is stored. */
export async function approversOf(db: Database, pull: { id: number; headSha: string }): Promise<number[]> {
  const rows = await db
    .selectDistinct({ reviewerId: approvals.reviewerId })
    .from(approvals)
    .where(and(eq(approvals.pullRequestId, pull.id), eq(approvals.sha, pull.headSha), eq(approvals.state, 'approved')))
  return rows.map(({ reviewerId }) => reviewerId)
}

/** The ids of the stored reviews of a pull request, with their states. */
export async function knownReviews(db: Database, pullRequestId: number): Promise<Map<number, ApprovalRow['state']>> {
  const rows = await db.select().from(approvals).where(eq(approvals.pullRequestId, pullRequestId))
  return new Map(rows.map((row) => [row.reviewId, row.state]))
}

/**
 * Voids the approvals and the `/merge` of a pull request that is no longer the approved one (another base, reopened).
 * Approvals from before that time are void, too, when their webhooks are received later.
 * @param at when it changed, by GitHub's clock; null when unknown: then everything until now is void.
 */
export async function voidApprovals(tx: Tx, pullRequestId: number, at: Date | null): Promise<void> {
  await tx.db
    .update(approvals)
    .set({ state: 'dismissed' })
    .where(and(eq(approvals.pullRequestId, pullRequestId), eq(approvals.state, 'approved')))
  await recordEventTime(tx, voidSubject(pullRequestId), at ?? currentTime())
  await cancelMergeRequest(tx, pullRequestId)
}

/** Approvals until this time do not count; undefined when none are void. */
export async function approvalsVoidUntil(db: Database, pullRequestId: number): Promise<Date | undefined> {
  return lastEventTime(db, voidSubject(pullRequestId))
}

const voidSubject = (pullRequestId: number) => `approvals-void:${pullRequestId}`

/** Cancels a `/merge`. */
export async function cancelMergeRequest(tx: Tx, pullRequestId: number): Promise<void> {
  await tx.db
    .update(pullRequests)
    .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
    .where(eq(pullRequests.id, pullRequestId))
}

/** The last approval or request for changes of each reviewer that was not dismissed, oldest first. */
export async function lastVerdicts(
  db: Database,
  pullRequestId: number,
): Promise<{ reviewer: string; state: 'approved' | 'changes_requested'; sha: string }[]> {
  const rows = await db
    .select()
    .from(approvals)
    .where(
      and(
        eq(approvals.pullRequestId, pullRequestId),
        inArray(approvals.state, ['approved', 'changes_requested', 'dismissed']),
      ),
    )
    .orderBy(asc(approvals.reviewId))
  const last = new Map(rows.map((row) => [row.reviewerId, row]))
  return [...last.values()].flatMap(({ reviewer, state, sha }) =>
    state === 'approved' || state === 'changes_requested' ? [{ reviewer, state, sha }] : [],
  )
}
