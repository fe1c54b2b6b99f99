/** Plans, rounds of questions, and footprints. */

import { doublePrecision, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, jsonb, now, number64, time } from './columns.ts'
import { runs } from './runs.ts'
import { workItems } from './work-items.ts'

/** A plan that an agent made for an item. The newest one counts. */
export const plans = pgTable(
  'plans',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    version: integer('version').notNull(),
    kind: text('kind').$type<'plan' | 'breakdown'>().notNull(),
    /** As the agent submitted it, validated; see `domain/plan.ts`. */
    content: jsonb('content').$type<Record<string, unknown>>().notNull(),
    /** The text of a person who rewrote the plan in its comment. It replaces the plan; '' when there is none. */
    rewritten: text('rewritten').notNull().default(''),
    /** What a person added with their approval. It outranks the plan. */
    amendment: text('amendment').notNull().default(''),
    /** Digest of the title and text that the plan was made for. An approval of another text is void. */
    textDigest: text('text_digest').notNull(),
    /** 0 to 1. */
    confidence: doublePrecision('confidence').notNull(),
    state: text('state').$type<'pending' | 'approved' | 'rejected' | 'void'>().notNull().default('pending'),
    decidedBy: text('decided_by'),
    decidedById: number64('decided_by_id'),
    /** Why it was rejected or became void. */
    why: text('why').notNull().default(''),
    runId: number64('run_id').references(() => runs.id),
    createdAt: now(),
    decidedAt: time('decided_at'),
  },
  (table) => [unique('plans_version').on(table.workItemId, table.version)],
)

/** One round of questions by a planning agent, and a person's answer. */
export const questions = pgTable(
  'questions',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    round: integer('round').notNull(),
    asked: jsonb('asked').$type<string[]>().notNull(),
    /** The run to build the item that has asked; null: planning has. */
    runId: number64('run_id').references(() => runs.id),
    answer: text('answer'),
    answeredBy: text('answered_by'),
    answeredById: number64('answered_by_id'),
    createdAt: now(),
    answeredAt: time('answered_at'),
  },
  (table) => [unique('questions_round').on(table.workItemId, table.round)],
)

/** Paths that an item touches or will touch, by source. The paths that settings declare for a module are not stored. */
export const footprints = pgTable(
  'footprints',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    /** A file, a directory with a slash at its end, or a pattern; see `scheduler/glob-overlap.ts`. */
    path: text('path').notNull(),
    /** `plan`: expected. `observed`: changed by the agent; complete once the agent is done. */
    source: text('source').$type<'plan' | 'observed'>().notNull(),
  },
  (table) => [unique('footprints_path').on(table.workItemId, table.source, table.path)],
)
