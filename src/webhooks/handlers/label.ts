/** `label`: labels of the repository itself, not of an issue. */

import type { LabelRenamed } from '../../domain/events.ts'
import { onLabelRenamed } from '../../work-items/on-label-renamed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, renamedLabelSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('label', (app, services: Services & HandlerServices) => {
  app.on('label.edited', handle(services, readRename, onLabelRenamed))
})

/** Another colour or description means nothing here. */
function readRename(payload: WebhookPayload<'label.edited'>): LabelRenamed | undefined {
  const { label, changes } = check(renamedLabelSchema, payload)
  const from = changes?.name?.from
  if (from === undefined) return undefined
  return { kind: 'label-renamed', ...check(envelopeSchema, payload), at: null, id: label.id, from, to: label.name }
}
