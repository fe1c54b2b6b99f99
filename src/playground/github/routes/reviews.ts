/** Reviews and comments on lines. */
import { z } from 'zod'
import { createReview, createReviewComment, reviewCommentOf, reviewOf, withdrawReview } from '../acts/reviews.ts'
import { paged } from '../api/pages.ts'
import { created, numberParam, ok, parseBody, type RepositoryCall, type Route, repositoryRoute } from '../api/route.ts'
import { ApiRefusal, type PullIssue, type ReviewRecord } from '../model.ts'
import { reviewBody, reviewCommentBody } from '../payloads/pulls.ts'
import { objectId } from '../sha.ts'
import { pullFor } from './pulls.ts'

const STATES = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const

const CommitId = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform(objectId)
const LineComment = z.object({
  path: z.string(),
  body: z.string(),
  line: z.number().optional(),
  side: z.enum(['LEFT', 'RIGHT']).optional(),
})
const NewReview = z.object({
  commit_id: CommitId.optional(),
  body: z.string().optional(),
  event: z.enum(['APPROVE', 'REQUEST_CHANGES', 'COMMENT']).optional(),
  comments: z.array(LineComment).optional(),
})
const Reply = z.object({ body: z.string() })
const NewComment = LineComment.extend({ commit_id: CommitId.optional(), in_reply_to: z.number().optional() })

export const reviewRoutes: Route[] = [
  repositoryRoute('GET', '/pulls/{pull_number}/reviews', 'pull_requests:read', (call) => {
    const issue = pullFor(call)
    return paged(call, issue.pull.reviews, (review) => body(call, issue, review))
  }),
  repositoryRoute('POST', '/pulls/{pull_number}/reviews', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    const { event, commit_id, ...rest } = parseBody(call, NewReview)
    // A pending review is seen by its author alone; nothing here needs one.
    if (!event)
      throw new ApiRefusal(422, 'Unprocessable Entity', ['Pending reviews are not supported by the playground'])
    const wanted = { ...rest, state: STATES[event], commitId: commit_id }
    return ok(body(call, issue, createReview({ world: call.world, actor: call.actor }, call.repository, issue, wanted)))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/reviews/{review_id}', 'pull_requests:read', (call) => {
    const issue = pullFor(call)
    return ok(body(call, issue, reviewOf(issue, numberParam(call, 'review_id'))))
  }),
  repositoryRoute('PUT', '/pulls/{pull_number}/reviews/{review_id}/dismissals', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    parseBody(call, z.object({ message: z.string() }))
    const review = reviewOf(issue, numberParam(call, 'review_id'))
    withdrawReview({ world: call.world, actor: call.actor }, call.repository, issue, review)
    return ok(body(call, issue, review))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/reviews/{review_id}/comments', 'pull_requests:read', (call) => {
    const issue = pullFor(call)
    const review = reviewOf(issue, numberParam(call, 'review_id'))
    const comments = issue.pull.reviewComments.filter((comment) => comment.reviewId === review.id)
    return paged(call, comments, (comment) => reviewCommentBody(call.world, call.repository, issue, comment))
  }),
  repositoryRoute('GET', '/pulls/{pull_number}/comments', 'pull_requests:read', (call) => {
    const issue = pullFor(call)
    return paged(call, issue.pull.reviewComments, (comment) =>
      reviewCommentBody(call.world, call.repository, issue, comment),
    )
  }),
  repositoryRoute('POST', '/pulls/{pull_number}/comments', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    const { commit_id, in_reply_to, ...rest } = parseBody(call, NewComment)
    const wanted = { ...rest, commitId: commit_id, inReplyTo: in_reply_to }
    const comment = createReviewComment({ world: call.world, actor: call.actor }, call.repository, issue, wanted)
    return created(reviewCommentBody(call.world, call.repository, issue, comment))
  }),
  repositoryRoute('POST', '/pulls/{pull_number}/comments/{comment_id}/replies', 'pull_requests:write', (call) => {
    const issue = pullFor(call)
    const { comment: first } = reviewCommentOf(call.repository, numberParam(call, 'comment_id'))
    if (first.inReplyTo !== undefined || !issue.pull.reviewComments.includes(first))
      throw new ApiRefusal(404, 'Not Found')
    const { path, line, side, id } = first
    const wanted = { ...parseBody(call, Reply), path, line: line ?? undefined, side, inReplyTo: id }
    const comment = createReviewComment({ world: call.world, actor: call.actor }, call.repository, issue, wanted)
    return created(reviewCommentBody(call.world, call.repository, issue, comment))
  }),
  repositoryRoute('GET', '/pulls/comments/{comment_id}', 'pull_requests:read', (call) => {
    const { issue, comment } = reviewCommentOf(call.repository, numberParam(call, 'comment_id'))
    return ok(reviewCommentBody(call.world, call.repository, issue, comment))
  }),
]

function body(call: RepositoryCall, issue: PullIssue, review: ReviewRecord) {
  return reviewBody(call.world, call.repository, issue, review)
}
