/** `push`: to branches; tags mean nothing here. */

import { otherSettingsPath, settingsPath } from '../../config/settings.ts'
import type { BranchPushed } from '../../domain/events.ts'
import { revertsAny, revertsIn } from '../../domain/reverts.ts'
import { onBranchPushed } from '../../work-items/on-repository-changed.ts'
import type { Services } from '../../work-items/services.ts'
import { check, envelopeSchema, pushSchema } from '../payload-schemas.ts'
import { defineWebhookHandler, type HandlerServices, handle, type WebhookPayload } from '../webhook-handler.ts'

export const webhook = defineWebhookHandler('push', (app, services: Services & HandlerServices) => {
  app.on('push', handle(services, readPush, onBranchPushed))
})

const branchPrefix = 'refs/heads/'

function readPush(payload: WebhookPayload<'push'>): BranchPushed | undefined {
  const { ref, after, deleted, commits } = check(pushSchema, payload)
  if (!ref.startsWith(branchPrefix)) return undefined
  const envelope = check(envelopeSchema, payload)
  const { fullName } = envelope.repository
  return {
    kind: 'branch-pushed',
    ...envelope,
    at: null,
    branch: ref.slice(branchPrefix.length),
    head: deleted ? null : after,
    settings: commits.some((one) =>
      [...one.added, ...one.modified, ...one.removed].some(
        (path) => path === settingsPath || path === otherSettingsPath,
      ),
    ),
    reverts: commits
      .map(({ id = after, message }) => ({ by: pullRequestIn(message) ?? id, ...revertsIn(message, fullName) }))
      .filter(revertsAny),
  }
}

/** The pull request that a squashed commit comes from, as GitHub names it at the end of the subject: `… (#12)`. */
function pullRequestIn(message: string): string | undefined {
  return /^[^\n]*\((#\d{1,9})\)\s*(?:\n|$)/.exec(message)?.[1]
}
