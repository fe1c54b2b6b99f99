/** The table of what runs have used; see schema.ts for what holds for all tables. */

import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { number64, repositories, runs, time } from './core.ts'

/**
 * What one run has used, as far as its agent has told. Nothing in it ever gets less. What was not told is null: that is
 * not nothing.
 */
export const usage = pgTable(
  'usage',
  {
    runId: number64('run_id')
      .primaryKey()
      .references(() => runs.id),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id),
    /** Where the figures come from. */
    source: text('source').$type<'agent'>().notNull().default('agent'),
    inputTokens: number64('input_tokens'),
    outputTokens: number64('output_tokens'),
    /** Read from a provider's cache, and written to it. */
    cachedTokens: number64('cached_tokens'),
    /** In whole millionths of `currency`, the first one that was told. */
    cost: number64('cost'),
    currency: text('currency'),
    /** The UTC day of the last word, as `2026-11-21`, and what of `cost` was told on days before it. */
    day: text('day').notNull(),
    earlier: number64('earlier').notNull().default(0),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [index('usage_day').on(table.day, table.repositoryId)],
)
