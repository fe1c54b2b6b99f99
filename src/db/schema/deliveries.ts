/** Webhook deliveries as received, and the keys that keep one event from acting twice. */

import { sql } from 'drizzle-orm'
import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { jsonb, now, time } from './columns.ts'

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

/** Commands that programs gave with a key of their own, and the replies. A key belongs to its caller. */
export const commandCalls = pgTable(
  'command_calls',
  {
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the command and its arguments: the same key cannot ask for something else. */
    digest: text('digest').notNull(),
    reply: jsonb('reply').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: now(),
  },
  (table) => [primaryKey({ columns: [table.caller, table.key] }), index('command_calls_created').on(table.createdAt)],
)
