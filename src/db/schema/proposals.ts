/** Work that agents have proposed on a roadmap, and what people decided about it. */

import { sql } from 'drizzle-orm'
import { boolean, integer, pgTable, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Proposal, ProposalSource } from '../../domain/proposals.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { runs } from './runs.ts'
import { workItems } from './work-items.ts'

/** One request for proposals. A roadmap has one at a time that is not over. */
export const proposalRounds = pgTable(
  'proposal_rounds',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    /** Who has asked; `tutti` and null where the clock has. */
    wantedBy: text('wanted_by').notNull(),
    wantedById: number64('wanted_by_id'),
    state: text('state').$type<'wanted' | 'running' | 'done' | 'failed'>().notNull().default('wanted'),
    /** The run that is at it, or was; and how many there were: one that is lost with its process is begun again. */
    runId: number64('run_id').references(() => runs.id),
    starts: integer('starts').notNull().default(0),
    createdAt: now(),
    endedAt: time('ended_at'),
  },
  (table) => [
    uniqueIndex('proposal_rounds_open').on(table.workItemId).where(sql`${table.state} in ('wanted', 'running')`),
  ],
)

/** One proposal. Its number is its own on its roadmap: a later one never has it. */
export const proposals = pgTable(
  'proposals',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    roundId: number64('round_id')
      .notNull()
      .references(() => proposalRounds.id),
    number: integer('number').notNull(),
    title: text('title').notNull(),
    why: text('why').notNull(),
    source: jsonb('source').$type<ProposalSource>().notNull(),
    size: text('size').$type<Proposal['size']>().notNull(),
    risk: text('risk').$type<Proposal['risk']>().notNull(),
    dependsOn: jsonb('depends_on').$type<number[]>().notNull().default([]),
    /** `replaced`: a later round came before a person adopted it. */
    state: text('state').$type<'open' | 'adopted' | 'replaced'>().notNull().default('open'),
    adoptedBy: text('adopted_by'),
    adoptedById: number64('adopted_by_id'),
    /** Whether the person has its issue worked on at once. */
    queued: boolean('queued').notNull().default(false),
    /** Of the issue that it has become; null before that exists. */
    issueNumber: integer('issue_number'),
    createdAt: now(),
    decidedAt: time('decided_at'),
  },
  (table) => [unique('proposals_number').on(table.workItemId, table.number)],
)
