/** `issue_comment`: new comments of others, and the app's own plans where someone else edited them. */

import type { CommentCreated, PlanEdited } from '../../domain/events.ts'
import { onPlanEdited } from '../../planning/on-plan-edited.ts'
import { type CommentServices, onComment } from '../comment-command.ts'
import { check, commentSchema, envelopeSchema, isOwnAct, issueSchema } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('issue_comment', (app, services: CommentServices & HandlerServices) => {
  app.on('issue_comment.created', handle(services, readComment, onComment))
  app.on('issue_comment.edited', handle(services, readPlanEdit, onPlanEdited))
})

function readComment(payload: WebhookPayload<'issue_comment.created'>, self: AppIdentity): CommentCreated | undefined {
  const comment = check(commentSchema, payload.comment)
  const common = check(envelopeSchema, payload)
  if (isOwnAct(comment.user, self) || isOwnAct(common.sender, self)) return undefined
  const { issue } = check(issueSchema, payload.issue)
  return {
    kind: 'comment-created',
    ...common,
    // Whoever wrote it commands, not whoever caused the event.
    sender: comment.user,
    at: comment.created_at,
    issue,
    commentId: comment.id,
    place: 'comment',
    body: comment.body,
  }
}

function readPlanEdit(payload: WebhookPayload<'issue_comment.edited'>, self: AppIdentity): PlanEdited | undefined {
  const comment = check(commentSchema, payload.comment)
  const planId = isOwnAct(comment.user, self) && /<!-- tutti:plan:(\d{1,15}) -->/.exec(comment.body)?.[1]
  if (!planId) return undefined
  const common = check(envelopeSchema, payload)
  if (isOwnAct(common.sender, self)) return undefined
  const { issue } = check(issueSchema, payload.issue)
  const { id: commentId, body, updated_at: at = null } = comment
  return { kind: 'plan-edited', ...common, at, issue, commentId, planId: Number(planId), body }
}
