/** The decisions and reports of the scheduler, and the items that it has to read again. */

import { index, pgTable, text } from 'drizzle-orm/pg-core'
import type { ScheduleReport } from '../../domain/schedule-report.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

/** What the scheduler decided about an item and why. `/why` and `/status` show the last decision. */
export const decisions = pgTable(
  'decisions',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    action: text('action').$type<'start' | 'wait'>().notNull(),
    reasons: jsonb('reasons').$type<unknown[]>().notNull(),
    /** The reasons as a sentence for people. */
    explanation: text('explanation').notNull(),
    /** The parts of the item's leverage, and the same as a sentence in `rank`. */
    leverage: jsonb('leverage').$type<{ value: number; path: number; effort: number; unlocks: number }>(),
    rank: text('rank').notNull().default(''),
    createdAt: now(),
  },
  (table) => [index('decisions_item').on(table.workItemId, table.id), index('decisions_created').on(table.createdAt)],
)

/** The scheduler's last report about a repository; see `domain/schedule-report.ts`. */
export const scheduleReports = pgTable('schedule_reports', {
  repositoryId: number64('repository_id')
    .primaryKey()
    .references(() => repositories.id),
  content: jsonb('content').$type<ScheduleReport>().notNull(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

/**
 * Items whose input for the scheduler has changed. Triggers (migration `changes`) on items, their dependencies and
 * their footprints write the rows. `pass`: the number of the pass that has read the change, from its lock; null before.
 * CockroachDB and Citus do not support such triggers yet.
 */
export const dirtyItems = pgTable(
  'dirty_items',
  { id: id(), workItemId: number64('work_item_id').notNull(), pass: number64('pass') },
  (table) => [index('dirty_items_pass').on(table.pass)],
)
