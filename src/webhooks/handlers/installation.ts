/** `installation`: the app was installed, given more permissions, suspended or uninstalled. */

import type { RepositoriesAdded, RepositoriesRemoved } from '../../domain/events.ts'
import { onRepositoriesAdded, onRepositoriesRemoved } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, installationSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

const gained = ['installation.created', 'installation.unsuspend', 'installation.new_permissions_accepted'] as const
const lost = ['installation.deleted', 'installation.suspend'] as const

export const webhook = defineWebhookHandler('installation', (app, services: Services & HandlerServices) => {
  app.on([...gained], handle(services, readGain, onRepositoriesAdded))
  app.on([...lost], handle(services, readLoss, onRepositoriesRemoved))
})

function readGain(payload: WebhookPayload<(typeof gained)[number]>): RepositoriesAdded {
  check(installationSchema, payload)
  return { kind: 'repositories-added' }
}

function readLoss(payload: WebhookPayload<(typeof lost)[number]>): RepositoriesRemoved {
  const { id: installationId } = check(installationSchema, payload).installation
  const why = payload.action === 'deleted' ? 'The app was uninstalled.' : 'The installation of the app was suspended.'
  return { kind: 'repositories-removed', which: { installationId }, why }
}
