/** `check_run`: completed ones that are not the app's own. */

import type { CheckCompleted } from '../../domain/events.ts'
import { onCheckCompleted } from '../../pull-requests/ci/on-check-completed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, checkRunSchema, envelopeSchema, verdictOf } from '../payload-schemas.ts'
import {
  type AppIdentity,
  defineWebhookHandler,
  type HandlerServices,
  handle,
  type WebhookPayload,
} from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('check_run', (app, services: Services & HandlerServices) => {
  app.on('check_run.completed', handle(services, readCheckRun, onCheckCompleted))
})

function readCheckRun(payload: WebhookPayload<'check_run.completed'>, self: AppIdentity): CheckCompleted | undefined {
  const run = check(checkRunSchema, payload.check_run)
  if (run.app?.id === self.id) return undefined
  return {
    kind: 'check-completed',
    ...check(envelopeSchema, payload),
    at: null,
    id: `check_run:${run.id}`,
    sha: run.head_sha,
    name: run.name,
    verdict: verdictOf(run.conclusion),
    url: run.html_url ?? null,
    suiteId: run.check_suite?.id ?? null,
    isSuite: false,
  }
}
