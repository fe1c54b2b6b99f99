/** Reviews, their dismissal, and comments on lines. */

import {
  type ActingAccount,
  ApiRefusal,
  type PullIssue,
  type RepositoryRecord,
  type ReviewCommentRecord,
  type ReviewRecord,
} from '../model.ts'
import { pullListBody, reviewBody, reviewCommentBody } from '../payloads/pulls.ts'
import type { ObjectId } from '../sha.ts'
import type { World } from '../world.ts'
import { checkBody } from './issues.ts'

export interface NewReview {
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED'
  body?: string
  /** The commit that was looked at; the present head without it. */
  commitId?: ObjectId
  comments?: NewReviewComment[]
}

export interface NewReviewComment {
  path: string
  body: string
  line?: number
  side?: 'LEFT' | 'RIGHT'
}

/** @throws {ApiRefusal} 422 for a verdict on one's own pull request, or a verdict without words that needs some. */
export function createReview(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  wanted: NewReview,
): ReviewRecord {
  const own = actor.account.id === issue.user.id
  if (own && wanted.state === 'APPROVED') throw refused('Can not approve your own pull request')
  if (own && wanted.state === 'CHANGES_REQUESTED') throw refused('Can not request changes on your own pull request')
  if (wanted.state !== 'APPROVED' && !wanted.body && !wanted.comments?.length) throw refused("Body can't be blank")
  checkBody('PullRequestReview', wanted.body)
  const review: ReviewRecord = {
    id: world.nextId(),
    user: actor.account,
    app: actor.app,
    body: wanted.body ?? '',
    state: wanted.state,
    commitId: wanted.commitId ?? issue.pull.headSha,
    submittedAt: world.now(),
  }
  const { pull } = issue
  pull.reviews.push(review)
  pull.requestedReviewers = pull.requestedReviewers.filter((account) => account.id !== actor.account.id)
  issue.updatedAt = world.now()
  emitReview({ world, actor, repository }, issue, review, 'submitted')
  for (const comment of wanted.comments ?? [])
    createReviewComment({ world, actor }, repository, issue, {
      ...comment,
      reviewId: review.id,
      commitId: review.commitId,
    })
  return review
}

function refused(message: string): ApiRefusal {
  return new ApiRefusal(422, 'Unprocessable Entity', [message])
}

/** @throws {ApiRefusal} 422 for a comment or a review dismissed before. */
export function withdrawReview(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  review: ReviewRecord,
): void {
  if (review.state === 'COMMENTED' || review.state === 'DISMISSED')
    throw new ApiRefusal(422, `Can not dismiss a ${review.state.toLowerCase()} pull request review`)
  review.state = 'DISMISSED'
  emitReview({ world, actor, repository }, issue, review, 'dismissed')
}

/** @throws {ApiRefusal} 404 */
export function reviewOf(issue: PullIssue, id: number): ReviewRecord {
  const review = issue.pull.reviews.find((one) => one.id === id)
  if (!review) throw new ApiRefusal(404, 'Not Found')
  return review
}

/** In webhooks the state is in lower case; in REST answers it is not. */
function emitReview(
  { world, actor, repository }: { world: World; actor: ActingAccount; repository: RepositoryRecord },
  issue: PullIssue,
  review: ReviewRecord,
  action: 'submitted' | 'dismissed',
): void {
  const body = reviewBody(world, repository, issue, review)
  const payload = {
    review: { ...body, body: body.body || null, state: review.state.toLowerCase() },
    pull_request: pullListBody(world, repository, issue),
  }
  world.emit({ event: 'pull_request_review', action, actor, repository, payload })
}

export function createReviewComment(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: PullIssue,
  wanted: NewReviewComment & { reviewId?: number; commitId?: ObjectId; inReplyTo?: number },
): ReviewCommentRecord {
  checkBody('PullRequestReviewComment', wanted.body)
  const now = world.now()
  const comment: ReviewCommentRecord = {
    id: world.nextId(),
    reviewId: wanted.reviewId ?? null,
    user: actor.account,
    app: actor.app,
    body: wanted.body,
    path: wanted.path,
    line: wanted.line ?? null,
    side: wanted.side ?? 'RIGHT',
    commitId: wanted.commitId ?? issue.pull.headSha,
    inReplyTo: wanted.inReplyTo,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  }
  issue.pull.reviewComments.push(comment)
  issue.updatedAt = now
  const payload = {
    comment: reviewCommentBody(world, repository, issue, comment),
    pull_request: pullListBody(world, repository, issue),
  }
  world.emit({ event: 'pull_request_review_comment', action: 'created', actor, repository, payload })
  return comment
}

/** @throws {ApiRefusal} 404 */
export function reviewCommentOf(
  repository: RepositoryRecord,
  id: number,
): { issue: PullIssue; comment: ReviewCommentRecord } {
  for (const issue of repository.issues.values()) {
    const comment = issue.pull?.reviewComments.find((one) => one.id === id)
    if (comment && issue.pull) return { issue: issue as PullIssue, comment }
  }
  throw new ApiRefusal(404, 'Not Found')
}
