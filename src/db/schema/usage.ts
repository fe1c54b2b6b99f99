/** Tokens and money that runs have used. */

import { boolean, index, pgTable, text } from 'drizzle-orm/pg-core'
import { number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { runs } from './runs.ts'

/**
 * What one run has used, as reported by its agent. No number ever decreases. Null means "not reported", which is not
 * zero.
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
    /** In whole millionths of `currency`, the first currency that was reported. */
    cost: number64('cost'),
    currency: text('currency'),
    /** Whether the cost was computed from the tokens and a price list, since the agent reports none. */
    priced: boolean('priced').notNull().default(false),
    /**
     * The UTC day of the last report, as `2026-11-21`. `earlier`: the part of `cost` that was reported on days before
     * it; `earlierTokens`: that of the tokens in and out.
     */
    day: text('day').notNull(),
    earlier: number64('earlier').notNull().default(0),
    earlierTokens: number64('earlier_tokens').notNull().default(0),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [index('usage_day').on(table.day, table.repositoryId)],
)
