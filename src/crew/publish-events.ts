/** Copies what the crew broadcasts to NATS JetStream, where it is configured. */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { NatsLink } from '../channels/nats.ts'
import type { Store } from '../db/connect.ts'
import { markPublished, unpublishedEvents } from '../db/crew-events.ts'
import { defineJob } from '../db/define-job.ts'
import { currentMs } from '../lib/clock.ts'
import { RetryAfter } from '../lib/errors.ts'

interface PublishServices {
  store: Store
  channels: { nats?: NatsLink }
  log: Pick<Logger, 'warn'>
}

/** Events that are published between two writes to the database. */
const batch = 100
/** How long a server that is away is left alone. */
const awayMs = 15_000

/**
 * Handler of the `publish-crew-events` queue. Events go in their order; one that the server has taken and that could not
 * be noted is sent again, and the server knows it by its id.
 * @throws {RetryAfter} when NATS is away: nothing is lost, and no other work waits for it.
 */
export async function publishCrewEvents({ store, channels, log }: PublishServices): Promise<void> {
  const { nats } = channels
  if (!nats) return
  for (;;) {
    const events = await unpublishedEvents(store.db, batch)
    if (events.length === 0) return
    try {
      await nats.publish(
        events.map(({ id, subject, payload, createdAt }) => ({
          subject,
          payload: { ...payload, at: createdAt.toISOString() },
          id: `${id}-${createdAt.getTime()}`,
        })),
      )
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn({ problem: why }, 'NATS does not take what the crew broadcasts; it is tried again')
      throw new RetryAfter(why, new Date(currentMs() + awayMs))
    }
    await markPublished(
      store.db,
      events.map(({ id }) => id),
    )
  }
}

export const publishCrewEventsJob = defineJob(
  { queue: 'publish-crew-events', payload: z.object({}), batch: 1, single: true },
  (services: PublishServices) => publishCrewEvents(services),
)
