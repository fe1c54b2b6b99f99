/** `pull_request`: closed, reopened, pushed to, no draft any more, another base; and labels, which mean nothing on a pull request. */

import type { IssueChanged, MergeDequeued, PullRequestChanged } from '../../domain/events.ts'
import { isHoldLabel } from '../../domain/labels.ts'
import { onMergeDequeued } from '../../pull-requests/github-merge-queue.ts'
import { onPullRequestChanged } from '../../pull-requests/on-pull-request-changed.ts'
import { onIssueChanged } from '../../work-items/on-issue-changed.ts'
import type { Services } from '../../work-items/services.ts'
import {
  check,
  dequeuedSchema,
  editSchema,
  envelopeSchema,
  isOwnAct,
  issueSchema,
  labelSchema,
  pullRequestSchema,
} from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

const moves = ['pull_request.closed', 'pull_request.reopened', 'pull_request.synchronize'] as const

export const webhook = defineWebhookHandler('pull_request', (app, services: Services & HandlerServices) => {
  app.on([...moves], handle(services, readMove, onPullRequestChanged))
  app.on('pull_request.ready_for_review', handle(services, readReady, onPullRequestChanged))
  app.on('pull_request.unlabeled', handle(services, readRelease, onPullRequestChanged))
  app.on('pull_request.dequeued', handle(services, readDequeued, onMergeDequeued))
  app.on('pull_request.edited', handle(services, readRetarget, onPullRequestChanged))
  app.on('pull_request.labeled', handle(services, readLabel, onLabelled))
})

function readMove(payload: WebhookPayload<(typeof moves)[number]>): PullRequestChanged {
  return { kind: 'pull-request-changed', how: payload.action, ...readPullRequest(payload) }
}

function readReady(payload: WebhookPayload<'pull_request.ready_for_review'>): PullRequestChanged {
  return { kind: 'pull-request-changed', how: 'ready', ...readPullRequest(payload) }
}

/** The label that kept it from being merged is gone. */
function readRelease(payload: WebhookPayload<'pull_request.unlabeled'>): PullRequestChanged | undefined {
  if (!isHoldLabel(check(labelSchema, payload.label).name)) return undefined
  return { kind: 'pull-request-changed', how: 'ready', ...readPullRequest(payload) }
}

function readDequeued(payload: WebhookPayload<'pull_request.dequeued'>): MergeDequeued {
  const { at, pull, ...common } = readPullRequest(payload)
  const { reason } = check(dequeuedSchema, payload)
  return { kind: 'merge-dequeued', ...common, at, pullNumber: pull.number, reason: reason?.toLowerCase() ?? '' }
}

/** Of what can be edited only the base counts. */
function readRetarget(payload: WebhookPayload<'pull_request.edited'>): PullRequestChanged | undefined {
  if (check(editSchema, payload).changes.base === undefined) return undefined
  return { kind: 'pull-request-changed', how: 'retargeted', ...readPullRequest(payload) }
}

/** GitHub reports labels on pull requests here; a pull request is an issue too. */
function readLabel(
  payload: WebhookPayload<'pull_request.labeled'>,
  self: AppIdentity,
): IssueChanged | PullRequestChanged | undefined {
  if (isHoldLabel(check(labelSchema, payload.label).name))
    return { kind: 'pull-request-changed', how: 'kept', ...readPullRequest(payload) }
  const common = check(envelopeSchema, payload)
  if (isOwnAct(common.sender, self)) return undefined
  const { issue, at } = check(issueSchema, payload.pull_request)
  const label = check(labelSchema, payload.label).name
  return { kind: 'issue-changed', how: 'labelled', label, ...common, at, issue: { ...issue, isPullRequest: true } }
}

function onLabelled(services: Services, event: IssueChanged | PullRequestChanged) {
  return event.kind === 'issue-changed' ? onIssueChanged(services, event) : onPullRequestChanged(services, event)
}

function readPullRequest(payload: WebhookPayload<'pull_request'>) {
  const { pull, at } = check(pullRequestSchema, payload.pull_request)
  return { ...check(envelopeSchema, payload), at, pull }
}
