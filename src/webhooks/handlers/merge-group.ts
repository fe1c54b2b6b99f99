/** `merge_group`: GitHub's own merge queue has made a commit of several pull requests, and asks for its checks. */

import type { MergeGroupRequested } from '../../domain/events.ts'
import { onMergeGroup } from '../../pull-requests/github-merge-queue.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, mergeGroupSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('merge_group', (app, services: Services & HandlerServices) => {
  app.on('merge_group.checks_requested', handle(services, readGroup, onMergeGroup))
})

const branchPrefix = 'refs/heads/'

function readGroup(payload: WebhookPayload<'merge_group.checks_requested'>): MergeGroupRequested | undefined {
  const { head_sha: head, head_ref: ref, base_sha: base } = check(mergeGroupSchema, payload.merge_group)
  if (!ref.startsWith(`${branchPrefix}gh-readonly-queue/`)) return undefined
  const branch = ref.slice(branchPrefix.length)
  return { kind: 'merge-group-requested', ...check(envelopeSchema, payload), at: null, branch, head, base }
}
