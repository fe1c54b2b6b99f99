/** Webhook deliveries as received, and the keys that keep one event from acting twice. */

import { sql } from 'drizzle-orm'
import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { now, time } from './columns.ts'

/** Every accepted webhook delivery, as received. The delivery id is GitHub's; it stays the same on redelivery. */
export const deliveries = pgTable(
  'deliveries',
  {
    deliveryId: text('delivery_id').primaryKey(),
    event: text('event').notNull(),
    payload: text('payload').notNull(),
    receivedAt: time('received_at').notNull().defaultNow(),
    state: text('state').$type<'stored' | 'done' | 'ignored' | 'failed'>().notNull().default('stored'),
    note: text('note'),
  },
  (table) => [
    index('deliveries_received').on(table.receivedAt),
    index('deliveries_stored').on(table.receivedAt).where(sql`${table.state} = 'stored'`),
  ],
)

/** Keys of commands and events that Tutti has acted on: the same comment or request acts once. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    key: text('key').primaryKey(),
    createdAt: now(),
  },
  (table) => [index('idempotency_keys_created').on(table.createdAt)],
)
