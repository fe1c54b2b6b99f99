/** Gathers what the status comment of a pull request says. */

import type { Database } from '../db/connect.ts'
import { lastDecision } from '../db/decisions.ts'
import { effectsOf } from '../db/outbox.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { lastRound } from '../db/review-comments.ts'
import { lastVerdicts } from '../db/reviews.ts'
import { buildsOf } from '../db/runs.ts'
import { getItem } from '../db/work-items.ts'
import { pullRequestComment } from '../messages/pull-request-comment.ts'
import { agentReviewOf } from './agent-review-view.ts'
import { ciViewOf } from './ci/ci-view.ts'
import { reviewersKey } from './request-reviewers.ts'

/** The status comment of an item's newest pull request as it should be now. @throws when there is none. */
export async function renderPullRequestComment(db: Database, workItemId: number): Promise<string> {
  const item = await getItem(db, workItemId)
  const pull = item && (await pullOfItem(db, item.id))
  if (!item || !pull) throw new Error(`work item ${workItemId} has no pull request`)
  const repo = await getRepository(db, item.repositoryId)
  const { merge } = settingsOf(repo)
  const decision = item.state === 'ready' ? await lastDecision(db, item.id) : undefined
  return pullRequestComment({
    state: item.state,
    reason: item.reason,
    issueNumber: item.issueNumber,
    headSha: pull.headSha,
    pullState: pull.state,
    mergeRequestedBy: pull.mergeSha === pull.headSha ? pull.mergeRequestedBy : null,
    mergeWhen: merge.when,
    approvalsNeeded: merge.approvals,
    gates: await gateRows(db, item.id, pull.headSha),
    protectedAllowed: item.protectedAllowedSha === pull.headSha,
    agentReview: await agentReviewOf(db, item),
    verdicts: await lastVerdicts(db, pull.id),
    ci: await ciViewOf(db, item, repo),
    attempt: (await buildsOf(db, item.id)).at(-1),
    waits: decision?.action === 'wait' ? decision.explanation : null,
    reviewersRefused: await reviewersRefused(db, item.id, pull.number),
    answers: await lastRound(db, pull.id),
    reply: pull.reply,
    oldReply: pull.oldReply,
  })
}

async function reviewersRefused(db: Database, workItemId: number, number: number): Promise<string | null> {
  const [request] = await effectsOf(db, [reviewersKey(workItemId, number)])
  if (request?.state === 'failed') return request.error ?? ''
  const refused = request?.result?.refused
  return typeof refused === 'string' ? refused : null
}
