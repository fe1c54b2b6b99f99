/** The tables of what the scheduler saw and decided; see schema.ts for what holds for all tables. */

import { index, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { ScheduleReport } from '../../domain/schedule-report.ts'
import { id, now, number64, repositories, time, workItems } from './core.ts'

/** What the scheduler decided about an item and why; `/why` and `/status` read the last one. */
export const decisions = pgTable(
  'decisions',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    action: text('action').$type<'start' | 'wait'>().notNull(),
    reasons: jsonb('reasons').$type<unknown[]>().notNull(),
    /** The reasons in words, for people. */
    explanation: text('explanation').notNull(),
    /** What the item's place among the others was made of, and the same in words. */
    leverage: jsonb('leverage').$type<{ value: number; path: number; effort: number; unlocks: number }>(),
    rank: text('rank').notNull().default(''),
    createdAt: now(),
  },
  (table) => [index('decisions_item').on(table.workItemId, table.id)],
)

/** What the scheduler last saw of a system; see outlook.ts. */
export const scheduleReports = pgTable('schedule_reports', {
  repositoryId: number64('repository_id')
    .primaryKey()
    .references(() => repositories.id),
  content: jsonb('content').$type<ScheduleReport>().notNull(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})
