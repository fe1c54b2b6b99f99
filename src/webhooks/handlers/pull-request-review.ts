/** `pull_request_review`: submitted and dismissed ones. An edit changes the text, not the verdict. */

import type { ReviewSubmitted } from '../../domain/events.ts'
import type { Review } from '../../domain/github.ts'
import { type CommentServices, onReviewWithText } from '../comment-command.ts'
import { check, envelopeSchema, pullRequestSchema, reviewSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

const [submitted, dismissed] = ['pull_request_review.submitted', 'pull_request_review.dismissed'] as const

export const webhook = defineWebhookHandler(
  'pull_request_review',
  (app, services: CommentServices & HandlerServices) => {
    app.on([submitted, dismissed], handle(services, readReview, onReviewWithText))
  },
)

/** The states of a submitted review, as GitHub names them. */
const states: Readonly<Record<string, Review['state']>> = {
  approved: 'approved',
  changes_requested: 'changes_requested',
  commented: 'commented',
  dismissed: 'dismissed',
}

function readReview(payload: WebhookPayload<typeof submitted | typeof dismissed>): ReviewSubmitted | undefined {
  const review = check(reviewSchema, payload.review)
  const { pull, at } = check(pullRequestSchema, payload.pull_request)
  const said = payload.action === 'dismissed' ? 'dismissed' : review.state
  const state = Object.hasOwn(states, said) ? states[said] : undefined
  if (!state) return undefined
  return {
    kind: 'review-submitted',
    ...check(envelopeSchema, payload),
    at: review.submitted_at ?? at,
    pull,
    review: {
      id: review.id,
      author: review.user,
      state,
      sha: review.commit_id ?? null,
      body: review.body,
      at: review.submitted_at ?? null,
    },
  }
}
