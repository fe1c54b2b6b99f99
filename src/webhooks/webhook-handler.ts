/**
 * What a file in `handlers/` exports. It registers on Probot as any Probot app does; each registration names a function
 * that reads the payload and the use case that acts on what was read.
 */

import { type EmitterWebhookEvent, type EmitterWebhookEventName, emitterEventNames } from '@octokit/webhooks'
import type { Probot } from 'probot'
import { z } from 'zod'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { GitHub } from '../github/github.ts'

/** GitHub's payload of an event, as `@octokit/webhooks` describes it. A description is no proof: what is used is checked. */
export type WebhookPayload<Name extends EmitterWebhookEventName> = EmitterWebhookEvent<Name>['payload']

/** Who the app is, so that its own acts are not taken for those of others. */
export type AppIdentity = GitHub['app']

/** Runs use cases for the handlers. */
export interface EventRunner {
  /**
   * Reads a payload and acts on it.
   * @param deliveryId Probot's `context.id`.
   * @param read throws a `ZodError` when the payload lacks what is needed, and returns undefined when it means nothing.
   */
  run<Event extends DomainEvent>(
    deliveryId: string,
    read: () => Event | undefined,
    act: (event: Event) => Promise<EventOutcome>,
  ): Promise<void>
}

/** What every handler needs; each asks besides for what its use cases need. */
export interface HandlerServices {
  github: Pick<GitHub, 'app'>
  runner: EventRunner
}

/** One file of `handlers/`. */
export interface WebhookHandler<Needs = never> {
  /** GitHub's name of the event. */
  event: EmitterWebhookEventName
  /** The file name: the event, with hyphens for underscores. */
  name: string
  /** Registers on Probot: `app.on('issues.closed', …)`. */
  register(app: Pick<Probot, 'on'>, services: Needs): void
}

/**
 * Defines what is done about one event of GitHub.
 * @param register is called once, when the app is loaded; it must not ask GitHub for anything.
 */
export function defineWebhookHandler<Needs extends HandlerServices>(
  event: EmitterWebhookEventName,
  register: (app: Pick<Probot, 'on'>, services: Needs) => void,
): WebhookHandler<Needs> {
  return { event, name: event.replaceAll('_', '-'), register }
}

/** The shape of a handler, checked when the files are loaded. */
export const webhookHandlerShape: z.ZodType<WebhookHandler> = z.strictObject({
  event: z.enum(emitterEventNames.filter((name) => !name.includes('.'))),
  name: z.string(),
  register: z.custom<WebhookHandler['register']>((value) => typeof value === 'function', 'must be a function'),
})

/**
 * Makes the function that Probot calls.
 * @param read turns the payload into an event of the domain; undefined when it means nothing here.
 * @param act the use case.
 */
export function handle<Payload, Needs extends HandlerServices, Event extends DomainEvent>(
  services: Needs,
  read: (payload: Payload, self: AppIdentity) => Event | undefined,
  act: (services: Needs, event: Event) => Promise<EventOutcome>,
): (context: { id: string; payload: Payload }) => Promise<void> {
  return ({ id, payload }) =>
    services.runner.run(
      id,
      () => read(payload, services.github.app),
      (event) => act(services, event),
    )
}
