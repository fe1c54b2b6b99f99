/** `pull_request_review_comment`: new comments on lines of a diff. */

import type { CommentCreated } from '../../domain/events.ts'
import { pullAsIssue } from '../../work-items/issue-snapshot.ts'
import { type CommentServices, onComment } from '../comment-command.ts'
import { check, envelopeSchema, isOwnAct, lineCommentSchema, pullRequestSchema } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

const created = 'pull_request_review_comment.created'

export const webhook = defineWebhookHandler(
  'pull_request_review_comment',
  (app, services: CommentServices & HandlerServices) => {
    app.on(created, handle(services, readComment, onComment))
  },
)

function readComment(payload: WebhookPayload<typeof created>, self: AppIdentity): CommentCreated | undefined {
  const { comment, on } = check(lineCommentSchema, payload.comment)
  const common = check(envelopeSchema, payload)
  if (isOwnAct(comment.user, self)) return undefined
  const { pull } = check(pullRequestSchema, payload.pull_request)
  return {
    kind: 'comment-created',
    ...common,
    sender: comment.user,
    at: comment.created_at,
    issue: pullAsIssue(pull),
    commentId: comment.id,
    place: 'line',
    on,
    body: comment.body,
  }
}
