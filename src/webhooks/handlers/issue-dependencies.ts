/** `issue_dependencies`: GitHub's own "blocked by". Each change comes twice, once from either end; the blocked one's is taken. */

import type { DependencyChanged } from '../../domain/events.ts'
import { onDependencyChanged } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, dependencySchema, envelopeSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

const added = 'issue_dependencies.blocked_by_added'
const removed = 'issue_dependencies.blocked_by_removed'

export const webhook = defineWebhookHandler('issue_dependencies', (app, services: Services & HandlerServices) => {
  app.on([added, removed], handle(services, readDependency, onDependencyChanged))
})

function readDependency(payload: WebhookPayload<typeof added | typeof removed>): DependencyChanged {
  const { blocked_issue, blocking_issue, blocking_issue_repo } = check(dependencySchema, payload)
  return {
    kind: 'dependency-changed',
    ...check(envelopeSchema, payload),
    at: null,
    issueNumber: blocked_issue.number,
    change: payload.action === 'blocked_by_added' ? 'added' : 'removed',
    blocker: {
      repository: blocking_issue_repo.full_name.toLowerCase(),
      issueNumber: blocking_issue.number,
      state: blocking_issue.state,
    },
  }
}
