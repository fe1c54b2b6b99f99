/** Work items, and the issues that they wait for or consist of. */

import { sql } from 'drizzle-orm'
import { boolean, doublePrecision, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { BestOf } from '../../domain/best-of.ts'
import type { Routing } from '../../domain/choose-workflow.ts'
import type { ReplanHandoff } from '../../domain/replan.ts'
import type { ItemState } from '../../lib/item-state.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'

/**
 * Where a dependency was read. On an epic, `sub-issue`, `task-list`, `roadmap` and `plan` name its parts. On any other
 * item every source names a blocker. `order`: a line of a roadmap names the blockers of its issue.
 */
export type DependencySource = 'native' | 'body' | 'sub-issue' | 'task-list' | 'roadmap' | 'plan' | 'command' | 'order'

/** What is stored about an epic besides its parts. */
export interface EpicFacts {
  /** Notes for people about its parts, such as parts that cannot be queued. */
  notes: string[]
  /** Whether its parts were read once. A part that appears later must be added by a person with write access. */
  read: boolean
  /** For its text and for its file: notes for people about its lines, and how many lines are not issues yet. */
  texts: Partial<Record<'task-list' | 'roadmap', { notes: string[]; unmade: number }>>
  /** Whether a person asked to create issues for its plain lines, without the roadmap label. */
  makes?: boolean
  /** How its parts are worked on; all available ones when absent. */
  pace?: RoadmapMode
}

/**
 * How the parts of an epic are worked on: `one` and no more; at most `max` at once; one after another in their order,
 * each when the one before is closed; or all available parts.
 */
export interface RoadmapMode {
  mode: 'one' | 'parallel' | 'sequential' | 'batch'
  max?: number
  /** For `one`: which, as `owner/name#12`. */
  only?: string
}

/** One issue on its way to a merged pull request. Title and body are the issue's at the time of the trigger. */
export const workItems = pgTable(
  'work_items',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id),
    issueNumber: integer('issue_number').notNull(),
    title: text('title').notNull(),
    body: text('body').notNull().default(''),
    url: text('url').notNull().default(''),
    /** The issue's labels at the time of the trigger. */
    labels: jsonb('labels').$type<string[]>().notNull().default([]),
    /** `epic`: a roadmap or a large goal. No agent builds it; it is done when its parts are. */
    kind: text('kind').$type<'task' | 'epic'>().notNull().default('task'),
    epic: jsonb('epic').$type<EpicFacts>(),
    /** Queued as one of many: its issue gets no comment until an agent starts or a person comments there. */
    muted: boolean('muted').notNull().default(false),
    state: text('state').$type<ItemState>().notNull(),
    /** The state that `/resume` returns to from an inactive state. */
    resumeState: text('resume_state').$type<ItemState>(),
    /** Why it is in this state, one line for people. */
    reason: text('reason').notNull().default(''),
    requestedBy: text('requested_by').notNull(),
    requestedById: number64('requested_by_id').notNull(),
    priority: integer('priority').notNull().default(2),
    effort: text('effort').$type<'S' | 'M' | 'L' | 'XL'>(),
    /** Agent hours that the approved plan expects. */
    plannedHours: doublePrecision('planned_hours'),
    module: text('module').notNull(),
    /** The way of working, by its name in the settings; see `domain/workflows.ts`. */
    loop: text('loop').notNull().default('engineering-loop'),
    /** How it was routed when it was queued, see `domain/choose-workflow.ts`; null before. */
    routing: jsonb('routing').$type<Routing>(),
    /** How many issues GitHub's own "blocked by" names, according to the payload; null when GitHub must be asked. */
    nativeBlockers: integer('native_blockers'),
    branch: text('branch').notNull(),
    baseBranch: text('base_branch').notNull(),
    headSha: text('head_sha'),
    /** The commit whose changes to protected paths a person has allowed. */
    protectedAllowedSha: text('protected_allowed_sha'),
    /** Digest of the issue's text when it was last read; null while that is the text above. */
    bodyDigest: text('body_digest'),
    /** How many rounds of questions were asked before it was last planned again: they no longer count. */
    planningRoundsOffset: integer('planning_rounds_offset').notNull().default(0),
    /** The reply to the last command, shown in the status comment. */
    reply: text('reply'),
    /** The reply before the last step: it may be true no longer, and is shown folded. */
    oldReply: text('old_reply'),
    /** The last run before a person's `/retry`: it and older attempts no longer count. */
    freshSince: number64('fresh_since'),
    /** The run after which it was planned again by itself; it and older attempts no longer count. */
    replannedSince: number64('replanned_since'),
    /** What the planner gets then. */
    replanHandoff: jsonb('replan_handoff').$type<ReplanHandoff>(),
    /** The kind of agent that the retry policy has chosen; null: that of the settings. */
    agent: text('agent'),
    /** Kinds of agent that each build it, and what they have made; null where one kind does. */
    bestOf: jsonb('best_of').$type<BestOf>(),
    /** The member of the crew that a person has asked for; null: whoever is free. */
    memberId: number64('member_id'),
    /** Not before this time: a retry delay, or a provider's limit. */
    notBefore: time('not_before'),
    createdAt: now(),
    updatedAt: time('updated_at').notNull().defaultNow(),
    doneAt: time('done_at'),
  },
  (table) => [
    unique('work_items_issue').on(table.repositoryId, table.issueNumber),
    unique('work_items_branch').on(table.repositoryId, table.branch),
    index('work_items_state').on(table.state),
    // The lists of one repository, most urgent first.
    index('work_items_queue')
      .on(table.repositoryId, table.state, table.priority, table.issueNumber)
      .where(sql`${table.kind} = 'task'`),
    index('work_items_done')
      .on(table.repositoryId, table.doneAt, table.id)
      .where(sql`${table.kind} = 'task' and ${table.state} = 'done'`),
  ],
)

/** Finished items whose journey was sent to a collector of traces. */
export const itemTraces = pgTable('item_traces', {
  workItemId: number64('work_item_id')
    .primaryKey()
    .references(() => workItems.id, { onDelete: 'cascade' }),
  createdAt: now(),
})

/** `dependent` waits for the issue `repository#number`, or consists of it. One row for each place that names it. */
export const dependencies = pgTable(
  'dependencies',
  {
    id: id(),
    dependentId: number64('dependent_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    /** owner/name in lower case. */
    repository: text('repository').notNull(),
    issueNumber: integer('issue_number').notNull(),
    source: text('source').$type<DependencySource>().notNull(),
    /** Its place among the edges of this source: they are shown in the order in which they were written. */
    position: integer('position').notNull().default(0),
    /** The heading above it in the roadmap. */
    heading: text('heading').notNull().default(''),
    /** The last known state of the blocker. A missing one blocks, because starting too early is the worse mistake. */
    blocker: text('blocker').$type<'open' | 'closed' | 'missing'>().notNull(),
  },
  (table) => [
    unique('dependencies_edge').on(table.dependentId, table.repository, table.issueNumber, table.source),
    index('dependencies_blocker').on(table.repository, table.issueNumber),
  ],
)
