/** `repository`: gone (deleted, archived, transferred), or changed (its name, who may read it, its default branch). */

import type { RepositoriesRemoved, RepositoryChanged } from '../../domain/events.ts'
import { onRepositoriesRemoved, onRepositoryChanged } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, renameSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

const losses = ['repository.deleted', 'repository.archived', 'repository.transferred'] as const
const changes = [
  'repository.renamed',
  'repository.edited',
  'repository.privatized',
  'repository.publicized',
  'repository.unarchived',
] as const

export const webhook = defineWebhookHandler('repository', (app, services: Services & HandlerServices) => {
  app.on([...losses], handle(services, readLoss, onRepositoriesRemoved))
  app.on([...changes], handle(services, readChange, onRepositoryChanged))
})

const reasons = {
  deleted: 'The repository was deleted.',
  archived: 'The repository was archived; nothing in it can be changed.',
  transferred: 'The repository was transferred to another owner.',
}

function readLoss(payload: WebhookPayload<(typeof losses)[number]>): RepositoriesRemoved {
  const { repository } = check(envelopeSchema, payload)
  return { kind: 'repositories-removed', which: { githubIds: [repository.githubId] }, why: reasons[payload.action] }
}

function readChange(payload: WebhookPayload<(typeof changes)[number]>): RepositoryChanged {
  const common = check(envelopeSchema, payload)
  const from = payload.action === 'renamed' ? check(renameSchema, payload).changes?.repository?.name.from : undefined
  const before = from ? `${common.repository.fullName.split('/')[0]}/${from}` : null
  return { kind: 'repository-changed', ...common, at: null, before }
}
