/** Probot as its own documentation sets it up for tests: a token of no worth, no retries, no throttling. */

import { randomUUID } from 'node:crypto'
import type { EmitterWebhookEvent } from '@octokit/webhooks'
import { pino } from 'pino'
import { Probot, ProbotOctokit } from 'probot'
import type { DomainEvent } from '../../src/domain/events.ts'
import { parseStorable } from '../../src/lib/storable-json.ts'
import { unfitPayload } from '../../src/webhooks/delivery-attempts.ts'
import { tuttiApp, type WebhookServices } from '../../src/webhooks/probot-app.ts'
import type { AppIdentity, EventRunner } from '../../src/webhooks/webhook-handler.ts'

/** A Probot that has nothing loaded. */
export function createTestProbot(): Probot {
  return new Probot({
    githubToken: 'test',
    log: pino({ level: 'silent' }),
    Octokit: ProbotOctokit.defaults((given: ConstructorParameters<typeof ProbotOctokit>[0]) => ({
      ...given,
      retry: { enabled: false },
      throttle: { enabled: false },
    })),
  })
}

/** What the handlers make of a payload. */
export interface ReadDelivery {
  events: DomainEvent[]
  note?: string
}

/** Loads the app with a runner that acts on nothing. @returns reads a delivery as the handlers do. */
export async function createReader(
  app: AppIdentity,
): Promise<(name: string, payload: unknown) => Promise<ReadDelivery>> {
  let read: ReadDelivery = { events: [] }
  const runner: EventRunner = {
    run: async (_, readEvent) => {
      const event = readEvent()
      if (event) read.events.push(event)
    },
  }
  const probot = createTestProbot()
  // Nothing is acted on, so nothing else of the services is used.
  await probot.load((loaded) => tuttiApp(loaded, { github: { app }, runner } as unknown as WebhookServices))
  return async (name, payload) => {
    read = { events: [] }
    try {
      const given = parseStorable(JSON.stringify(payload))
      await probot.receive({ id: randomUUID(), name, payload: given } as EmitterWebhookEvent)
    } catch (error) {
      const [inner] = (error as AggregateError).errors
      if (inner?.name !== 'ZodError') throw inner
      return { events: [], note: unfitPayload(inner).note }
    }
    return read
  }
}
