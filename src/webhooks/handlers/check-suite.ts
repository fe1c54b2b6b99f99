/** `check_suite`: its runs are reported one by one; the suite says that all of them have ended. */

import type { CheckCompleted } from '../../domain/events.ts'
import { onCheckCompleted } from '../../pull-requests/ci/on-check-completed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, checkSuiteSchema, envelopeSchema, verdictOf } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('check_suite', (app, services: Services & HandlerServices) => {
  app.on('check_suite.completed', handle(services, readCheckSuite, onCheckCompleted))
})

function readCheckSuite(
  payload: WebhookPayload<'check_suite.completed'>,
  self: AppIdentity,
): CheckCompleted | undefined {
  const suite = check(checkSuiteSchema, payload.check_suite)
  if (suite.app?.id === self.id) return undefined
  return {
    kind: 'check-completed',
    ...check(envelopeSchema, payload),
    at: null,
    id: `check_suite:${suite.id}`,
    sha: suite.head_sha,
    name: 'check suite',
    verdict: verdictOf(suite.conclusion),
    url: null,
    suiteId: suite.id,
    isSuite: true,
  }
}
