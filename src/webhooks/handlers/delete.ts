/** `delete`: a push that deletes a branch reports the same; either may be lost. */

import type { BranchPushed } from '../../domain/events.ts'
import { onBranchPushed } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, deletedRefSchema, envelopeSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('delete', (app, services: Services & HandlerServices) => {
  app.on('delete', handle(services, readDeletion, onBranchPushed))
})

function readDeletion(payload: WebhookPayload<'delete'>): BranchPushed | undefined {
  const { ref, ref_type } = check(deletedRefSchema, payload)
  if (ref_type !== 'branch') return undefined
  const common = check(envelopeSchema, payload)
  return { kind: 'branch-pushed', ...common, at: null, branch: ref, head: null, settings: false, reverts: [] }
}
