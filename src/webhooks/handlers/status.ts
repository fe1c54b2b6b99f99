/** `status`: commit statuses that are no longer pending. */

import type { CheckCompleted } from '../../domain/events.ts'
import { onCheckCompleted } from '../../pull-requests/ci/on-check-completed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, statusSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('status', (app, services: Services & HandlerServices) => {
  app.on('status', handle(services, readStatus, onCheckCompleted))
})

function readStatus(payload: WebhookPayload<'status'>): CheckCompleted | undefined {
  const status = check(statusSchema, payload)
  if (status.state === 'pending') return undefined
  return {
    kind: 'check-completed',
    ...check(envelopeSchema, payload),
    at: null,
    id: `status:${status.id}`,
    sha: status.sha,
    name: status.context,
    verdict: status.state === 'success' ? 'success' : 'failure',
    url: status.target_url ?? null,
    suiteId: null,
    isSuite: false,
  }
}
