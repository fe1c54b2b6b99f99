/** `issues`: labels, closing and reopening, edits, deletion and transfer. */

import type { IssueChanged, IssueEdited, IssueRemoved } from '../../domain/events.ts'
import { onIssueChanged, onIssueRemoved } from '../../work-items/on-issue-changed.ts'
import { onIssueEdited } from '../../work-items/on-issue-edited.ts'
import type { Services } from '../../work-items/services.ts'
import { check, editSchema, envelopeSchema, isOwnAct, issueSchema, labelSchema } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('issues', (app, services: Services & HandlerServices) => {
  app.on(['issues.labeled', 'issues.unlabeled'], handle(services, readLabelMove, onIssueChanged))
  app.on(['issues.closed', 'issues.reopened'], handle(services, readStateMove, onIssueChanged))
  app.on('issues.edited', handle(services, readEdit, onIssueEdited))
  app.on(['issues.deleted', 'issues.transferred'], handle(services, readRemoval, onIssueRemoved))
})

/** The app's own label moves are projections of its own states. */
function readLabelMove(
  payload: WebhookPayload<'issues.labeled' | 'issues.unlabeled'>,
  self: AppIdentity,
): IssueChanged | undefined {
  const common = readIssue(payload)
  if (isOwnAct(common.sender, self)) return undefined
  const how = payload.action === 'labeled' ? 'labelled' : 'unlabelled'
  return { kind: 'issue-changed', how, label: check(labelSchema, payload.label).name, ...common }
}

/** The app's own closing counts: others wait for the issue. */
function readStateMove(payload: WebhookPayload<'issues.closed' | 'issues.reopened'>): IssueChanged {
  return { kind: 'issue-changed', how: payload.action, label: null, ...readIssue(payload) }
}

function readEdit(payload: WebhookPayload<'issues.edited'>, self: AppIdentity): IssueEdited | undefined {
  const common = readIssue(payload)
  const { title, body } = check(editSchema, payload).changes
  if (isOwnAct(common.sender, self)) return undefined
  return { kind: 'issue-edited', ...common, changed: { title: title !== undefined, body: body !== undefined } }
}

function readRemoval(payload: WebhookPayload<'issues.deleted' | 'issues.transferred'>): IssueRemoved {
  return { kind: 'issue-removed', how: payload.action, ...readIssue(payload) }
}

function readIssue(payload: WebhookPayload<'issues'>) {
  const { issue, at } = check(issueSchema, payload.issue)
  return { ...check(envelopeSchema, payload), issue, at }
}
