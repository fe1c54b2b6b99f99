/** Feedback for the next attempt: failed gates, and changes that reviewers requested. */

import { and, desc, eq, gt } from 'drizzle-orm'
import { ciReportOf } from '../db/ci.ts'
import type { Database } from '../db/connect.ts'
import { getRepository } from '../db/repositories.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { approvals, pullRequests } from '../db/schema/pull-requests.ts'
import { gateResults } from '../db/schema/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { RunContext } from './context.ts'

/** The end of the log of a failed gate: enough to see the failure, and too little to fill the context. */
const logCharacters = 6_000

/** Whether the gates have judged this commit and refused it, or CI has. */
export async function wasJudged(db: Database, workItemId: number, head: string): Promise<boolean> {
  const failed = await failedGates(db, workItemId, head)
  if (failed.length > 0) return true
  const report = await ciReportOf(db, workItemId, head)
  return report?.verdict === 'red' && (report.step === 'fix' || report.step === 'hold')
}

async function failedGates(db: Database, workItemId: number, head: string) {
  return db
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.sha, head), eq(gateResults.verdict, 'fail')))
}

/** The lesson of a run that the gates refused. */
export async function gateLesson(db: Database, workItemId: number, head: string): Promise<string> {
  const failed = await failedGates(db, workItemId, head)
  return failed
    .map((gate) => {
      const log = gate.log.length > logCharacters ? `…${gate.log.slice(-logCharacters)}` : gate.log
      return `The gate "${gate.gate}" failed: ${gate.summary}${log ? `\n\n${indented(log)}` : ''}`
    })
    .join('\n\n')
}

/** The changes that reviewers requested since the attempt before `run` ended; '' when there are none. */
export async function reviewsFor(context: RunContext, item: ItemRow, run: RunRow): Promise<string> {
  return (await openReviews(context, item, run)).join('\n\n')
}

async function openReviews(context: RunContext, item: ItemRow, run: RunRow): Promise<string[]> {
  const { db } = context.store
  const [pull] = await db
    .select()
    .from(pullRequests)
    .where(eq(pullRequests.workItemId, item.id))
    .orderBy(desc(pullRequests.id))
    .limit(1)
  if (!pull) return []
  const earlier = (await buildsOf(db, item.id))
    .filter((one) => one.attempt < run.attempt && one.outcome === 'finished')
    .at(-1)
  const since = earlier?.endedAt ?? new Date(0)
  const asked = await db
    .select()
    .from(approvals)
    .where(
      and(
        eq(approvals.pullRequestId, pull.id),
        eq(approvals.state, 'changes_requested'),
        gt(approvals.createdAt, since),
      ),
    )
  return Promise.all(asked.map((review) => reviewText(context, item, pull.number, review)))
}

async function reviewText(
  context: RunContext,
  item: ItemRow,
  pullNumber: number,
  review: typeof approvals.$inferSelect,
): Promise<string> {
  const repo = await getRepository(context.store.db, item.repositoryId)
  const comments = repo ? await context.github.repository(repo).reviewComments(pullNumber, review.reviewId) : []
  // Only the reviewer's own comments: other people can answer in the same thread.
  const own = comments.filter((comment) => comment.author.id === review.reviewerId)
  const lines = own.map((comment) => `- ${comment.path}${comment.line ? `:${comment.line}` : ''}: ${comment.body}`)
  return [`The reviewer ${review.reviewer} asks for changes:`, review.body, ...lines].filter(Boolean).join('\n')
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((row) => `    ${row}`)
    .join('\n')
}
