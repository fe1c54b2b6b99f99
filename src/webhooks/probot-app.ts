/** Tutti as a Probot app: every file in `handlers/` registers what it listens to. */

import { join } from 'node:path'
import type { Probot } from 'probot'
import type { RepositoryRow } from '../db/repositories.ts'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { PostedComment } from '../domain/github.ts'
import { loadPlugins } from '../lib/plugin-loader.ts'
import type { CommentServices } from './comment-command.ts'
import { DeliveryAttempts } from './delivery-attempts.ts'
import { onMissedComment } from './missed-comment.ts'
import { type HandlerServices, type WebhookHandler, webhookHandlerShape } from './webhook-handler.ts'

/** What all handlers together work with. */
export type WebhookServices = CommentServices & HandlerServices

/**
 * Loads the handlers: each file is one event of GitHub.
 * @param folder absolute path; `handlers/` when not given.
 * @returns the handlers by GitHub's name of the event.
 * @throws {OperatorError} naming the file and the field that does not fit.
 */
export async function loadWebhookHandlers(
  folder: string = join(import.meta.dirname, 'handlers'),
): Promise<ReadonlyMap<string, WebhookHandler<WebhookServices>>> {
  const handlers = await loadPlugins<WebhookHandler>({
    folder,
    except: [],
    exported: 'webhook',
    shape: webhookHandlerShape,
    idField: 'name',
  })
  return new Map([...handlers.values()].map((handler) => [handler.event, handler as WebhookHandler<WebhookServices>]))
}

/**
 * The app function: `probot.load((app) => tuttiApp(app, services))`.
 * @throws {OperatorError} when a handler file does not fit.
 */
export async function tuttiApp(app: Pick<Probot, 'on'>, services: WebhookServices): Promise<void> {
  for (const handler of (await loadWebhookHandlers()).values()) handler.register(app, services)
}

/** The loaded app, as the `process-delivery` job uses it. */
export interface LoadedWebhookApp {
  probot: Pick<Probot, 'receive'>
  /** Outcomes of the deliveries that Probot has now. */
  attempts: DeliveryAttempts
  /** GitHub's names of the events that mean something here. */
  events: ReadonlySet<string>
  /** Acts on a comment that no delivery has brought. */
  handleComment(repository: RepositoryRow, comment: PostedComment): Promise<EventOutcome>
}

/**
 * Loads the app into Probot, so that stored deliveries can be handed to it.
 * @throws {OperatorError} when a handler file does not fit.
 */
export async function loadWebhookApp(
  probot: Pick<Probot, 'load' | 'receive'>,
  services: CommentServices,
): Promise<LoadedWebhookApp> {
  const attempts = new DeliveryAttempts()
  await probot.load((app) => tuttiApp(app, { ...services, runner: attempts }))
  const handleComment = (repository: RepositoryRow, comment: PostedComment) =>
    onMissedComment(services, repository, comment)
  return { probot, attempts, events: new Set((await loadWebhookHandlers()).keys()), handleComment }
}
