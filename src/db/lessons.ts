/** What the record of an item has to teach: gates that failed first, what reviewers asked for, answers, rejected plans. */

import { and, asc, eq, isNotNull } from 'drizzle-orm'
import type { Database } from './connect.ts'
import { footprints, plans, questions } from './schema/plans.ts'
import { pullRequests, reviewComments } from './schema/pull-requests.ts'
import { gateResults } from './schema/runs.ts'

/** What an item has to teach. People and gates stand for everything in it. */
export interface ItemRecord {
  /** Gates that failed on an earlier commit of the item, oldest first. */
  failed: { gate: string; summary: string; log: string }[]
  /** What people with write access asked for in review, and the agent says it has done. */
  asked: { author: string; path: string | null; body: string }[]
  answered: { asked: string[]; answer: string; by: string | null }[]
  rejected: { why: string; by: string | null }[]
  /** The files that its newest commit changes. */
  paths: string[]
}

/** The record of an item. */
export async function recordOf(db: Database, workItemId: number): Promise<ItemRecord> {
  const failed = await db
    .select({ gate: gateResults.gate, summary: gateResults.summary, log: gateResults.log })
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.verdict, 'fail')))
    .orderBy(asc(gateResults.id))
  const asked = await db
    .select({ author: reviewComments.author, path: reviewComments.path, body: reviewComments.body })
    .from(reviewComments)
    .innerJoin(pullRequests, eq(reviewComments.pullRequestId, pullRequests.id))
    .where(
      and(
        eq(pullRequests.workItemId, workItemId),
        eq(reviewComments.settled, true),
        eq(reviewComments.calls, true),
        eq(reviewComments.mayWrite, true),
      ),
    )
    .orderBy(asc(reviewComments.id))
  const answered = await db
    .select({ asked: questions.asked, answer: questions.answer, by: questions.answeredBy })
    .from(questions)
    .where(and(eq(questions.workItemId, workItemId), isNotNull(questions.answer)))
    .orderBy(asc(questions.id))
  const rejected = await db
    .select({ why: plans.why, by: plans.decidedBy })
    .from(plans)
    .where(and(eq(plans.workItemId, workItemId), eq(plans.state, 'rejected')))
    .orderBy(asc(plans.id))
  const paths = await db
    .select({ path: footprints.path })
    .from(footprints)
    .where(and(eq(footprints.workItemId, workItemId), eq(footprints.source, 'observed')))
    .orderBy(asc(footprints.path))
  return {
    failed,
    asked,
    answered: answered.map((one) => ({ ...one, answer: one.answer ?? '' })),
    rejected,
    paths: paths.map(({ path }) => path),
  }
}
