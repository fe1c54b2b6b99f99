/** `sub_issues`: GitHub's own sub-issues. Each change comes twice, once from either end; the parent's is taken. */

import type { SubIssueChanged } from '../../domain/events.ts'
import { onSubIssueChanged } from '../../roadmaps/on-sub-issue-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, isOwnAct, subIssueSchema } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

const added = 'sub_issues.sub_issue_added'
const removed = 'sub_issues.sub_issue_removed'

export const webhook = defineWebhookHandler('sub_issues', (app, services: Services & HandlerServices) => {
  app.on([added, removed], handle(services, readSubIssue, onSubIssueChanged))
})

/** What the app links itself is a part already; what it unlinks is to be forgotten. */
function readSubIssue(
  payload: WebhookPayload<typeof added | typeof removed>,
  self: AppIdentity,
): SubIssueChanged | undefined {
  const { parent_issue, sub_issue, sub_issue_repo } = check(subIssueSchema, payload)
  const common = { ...check(envelopeSchema, payload), at: null }
  const change = payload.action === 'sub_issue_added' ? 'added' : 'removed'
  if (change === 'added' && isOwnAct(common.sender, self)) return undefined
  return {
    kind: 'sub-issue-changed',
    ...common,
    parent: parent_issue.issue,
    change,
    part: { repository: sub_issue_repo.full_name.toLowerCase(), issue: sub_issue.issue },
  }
}
