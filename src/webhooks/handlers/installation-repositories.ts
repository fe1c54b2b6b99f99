/** `installation_repositories`: repositories were put into the installation of the app, or taken out of it. */

import type { RepositoriesAdded, RepositoriesRemoved } from '../../domain/events.ts'
import { onRepositoriesAdded, onRepositoriesRemoved } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, removedRepositoriesSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler(
  'installation_repositories',
  (app, services: Services & HandlerServices) => {
    app.on('installation_repositories.added', handle(services, readAddition, onRepositoriesAdded))
    app.on('installation_repositories.removed', handle(services, readRemoval, onRepositoriesRemoved))
  },
)

function readAddition(): RepositoriesAdded {
  return { kind: 'repositories-added' }
}

function readRemoval(payload: WebhookPayload<'installation_repositories.removed'>): RepositoriesRemoved {
  const githubIds = check(removedRepositoriesSchema, payload).repositories_removed.map(({ id }) => id)
  const why = 'The repository was taken out of the installation of the app.'
  return { kind: 'repositories-removed', which: { githubIds }, why }
}
