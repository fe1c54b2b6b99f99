/**
 * What people wrote about pull requests, for the agents that are to act on it. Rows are kept with their pull request: the
 * answers are part of its history.
 */

import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm'
import type { Database, Tx } from './connect.ts'
import { reviewComments } from './schema/pull-requests.ts'
import { runs } from './schema/runs.ts'

export type ReviewCommentRow = typeof reviewComments.$inferSelect

/**
 * Stores a comment with its text as it is now. A known one keeps its text, and learns what was not known of it.
 * @returns whether it is new.
 */
export async function addReviewComment(tx: Tx, row: typeof reviewComments.$inferInsert): Promise<boolean> {
  const [stored] = await tx.db
    .insert(reviewComments)
    .values(row)
    .onConflictDoUpdate({
      target: [reviewComments.pullRequestId, reviewComments.kind, reviewComments.githubId],
      set: {
        calls: sql`${reviewComments.calls} or excluded.calls`,
        mayWrite: sql`coalesce(excluded.may_write, ${reviewComments.mayWrite})`,
        reviewId: sql`coalesce(${reviewComments.reviewId}, excluded.review_id)`,
      },
    })
    .returning({ isNew: sql<boolean>`xmax = 0` })
  return stored?.isNew === true
}

/** Whether a comment is stored. */
export async function hasReviewComment(
  db: Database,
  pullRequestId: number,
  kind: ReviewCommentRow['kind'],
  githubId: number,
): Promise<boolean> {
  const same = and(
    eq(reviewComments.pullRequestId, pullRequestId),
    eq(reviewComments.kind, kind),
    eq(reviewComments.githubId, githubId),
  )
  const rows = await db.select({ id: reviewComments.id }).from(reviewComments).where(same).limit(1)
  return rows.length > 0
}

/** Comments of a pull request that no finished attempt has read, oldest first. */
export async function waitingComments(db: Database, pullRequestId: number): Promise<ReviewCommentRow[]> {
  const rows = await db
    .select({ comment: reviewComments })
    .from(reviewComments)
    .leftJoin(runs, eq(reviewComments.runId, runs.id))
    .where(
      and(
        eq(reviewComments.pullRequestId, pullRequestId),
        or(isNull(reviewComments.runId), isNull(runs.outcome), ne(runs.outcome, 'finished')),
      ),
    )
    .orderBy(asc(reviewComments.id))
  return rows.map(({ comment }) => comment)
}

/** Whether a person with write access waits for an agent to act on a comment. */
export async function hasWaitingCall(db: Database, pullRequestId: number): Promise<boolean> {
  return (await waitingComments(db, pullRequestId)).some(({ calls, mayWrite }) => calls && mayWrite === true)
}

/** Whether a run after `runId` was given comments of people. */
export async function wasHandedSince(db: Database, pullRequestId: number, runId: number): Promise<boolean> {
  const rows = await db
    .select({ id: reviewComments.id })
    .from(reviewComments)
    .where(and(eq(reviewComments.pullRequestId, pullRequestId), gt(reviewComments.runId, runId)))
    .limit(1)
  return rows.length > 0
}

/** Notes for all comments of a person whether they may write to the repository. */
export async function noteMayWrite(tx: Tx, pullRequestId: number, authorId: number, mayWrite: boolean): Promise<void> {
  await tx.db
    .update(reviewComments)
    .set({ mayWrite })
    .where(
      and(
        eq(reviewComments.pullRequestId, pullRequestId),
        eq(reviewComments.authorId, authorId),
        isNull(reviewComments.mayWrite),
      ),
    )
}

/** Hands comments to a run, numbered from 1. Answers of an earlier attempt are void. */
export async function handComments(tx: Tx, runId: number, ids: readonly number[]): Promise<void> {
  for (const [at, id] of ids.entries()) {
    await tx.db
      .update(reviewComments)
      .set({ runId, place: at + 1, answer: null, settled: null })
      .where(eq(reviewComments.id, id))
  }
}

/**
 * Stores what an agent says about the comments that its run was given, by their numbers.
 * @returns whether any of them has such a number.
 */
export async function saveReviewAnswers(
  tx: Tx,
  runId: number,
  answers: ReadonlyMap<number, { settled: boolean; text: string }>,
): Promise<boolean> {
  let any = false
  for (const [place, { settled, text }] of answers) {
    const rows = await tx.db
      .update(reviewComments)
      .set({ settled, answer: text })
      .where(and(eq(reviewComments.runId, runId), eq(reviewComments.place, place)))
      .returning({ id: reviewComments.id })
    any ||= rows.length > 0
  }
  return any
}

/** The comments of the last round that an agent finished, by their numbers; none when there was no round. */
export async function lastRound(db: Database, pullRequestId: number): Promise<ReviewCommentRow[]> {
  const [last] = await db
    .select({ runId: reviewComments.runId })
    .from(reviewComments)
    .innerJoin(runs, eq(reviewComments.runId, runs.id))
    .where(and(eq(reviewComments.pullRequestId, pullRequestId), eq(runs.outcome, 'finished')))
    .orderBy(desc(reviewComments.runId))
    .limit(1)
  if (!last?.runId) return []
  return db.select().from(reviewComments).where(eq(reviewComments.runId, last.runId)).orderBy(asc(reviewComments.place))
}

/** Whether an agent was given a comment of this thread: further comments there are said to it. */
export async function isThreadOfAgent(db: Database, pullRequestId: number, threadId: number): Promise<boolean> {
  const rows = await db
    .select({ id: reviewComments.id })
    .from(reviewComments)
    .where(
      and(
        eq(reviewComments.pullRequestId, pullRequestId),
        eq(reviewComments.threadId, threadId),
        isNotNull(reviewComments.runId),
      ),
    )
    .limit(1)
  return rows.length > 0
}

/** A review that was dismissed calls no agent any more. */
export async function silenceReview(tx: Tx, pullRequestId: number, reviewId: number): Promise<void> {
  await tx.db
    .update(reviewComments)
    .set({ calls: false })
    .where(
      and(
        eq(reviewComments.pullRequestId, pullRequestId),
        eq(reviewComments.reviewId, reviewId),
        inArray(reviewComments.kind, ['review', 'line']),
      ),
    )
}
