/** The outbox: writes to GitHub. */

import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { id, jsonb, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

/** One write to GitHub. Only `github/effects/` publishes it; see `domain/effects.ts`. */
export const effects = pgTable(
  'effects',
  {
    id: id(),
    key: text('key').notNull().unique(),
    kind: text('kind').notNull(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id),
    workItemId: number64('work_item_id').references(() => workItems.id),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    /** Lower goes first: when the write budget is short, merges and stops go before comments. */
    priority: integer('priority').notNull().default(5),
    state: text('state').$type<'pending' | 'in_progress' | 'done' | 'failed'>().notNull().default('pending'),
    /** Increases with each change of the payload. The row is done when `published` equals it. */
    revision: integer('revision').notNull().default(1),
    published: integer('published').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    /** When it was last begun. What was begun then may still be under way at GitHub. */
    attemptedAt: time('attempted_at'),
    /** The process that is publishing it; see `processes`. */
    claimedBy: text('claimed_by'),
    /** Increases with each claim: what an older one reports changes nothing. */
    claimEpoch: integer('claim_epoch').notNull().default(0),
    /** When the claim was made or last confirmed, by the database's clock. */
    claimedAt: time('claimed_at'),
    notBefore: time('not_before').notNull().defaultNow(),
    result: jsonb('result').$type<Record<string, unknown>>(),
    error: text('error'),
    createdAt: now(),
    doneAt: time('done_at'),
  },
  (table) => [
    index('effects_pending').on(table.state, table.notBefore),
    index('effects_done').on(table.doneAt).where(sql`${table.state} = 'done'`),
  ],
)
