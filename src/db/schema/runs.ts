/** Attempts by agents, the worktrees they work in, and the results of the gates. */

import { boolean, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import type { HealthSample } from '../../domain/agent-health.ts'
import type { RunPurpose } from '../../domain/run-purpose.ts'
import type { TestFacts } from '../../domain/test-facts.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { crewMembers } from './crew.ts'
import { workItems } from './work-items.ts'

/** One attempt by one agent. The row is the lease: writes carry the epoch, and a stale epoch changes nothing. */
export const runs = pgTable(
  'runs',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    /** Counted for each purpose: the first attempt to build is number 1, however often it was planned. */
    attempt: integer('attempt').notNull(),
    agent: text('agent').notNull(),
    /** The member of the crew that makes it, with the name it had then; null for people and git. */
    memberId: number64('member_id').references(() => crewMembers.id, { onDelete: 'set null' }),
    memberName: text('member_name'),
    /** Why it was given to this member, one sentence for people. */
    memberWhy: text('member_why').notNull().default(''),
    /** What the agent used, as it said when its session opened: `<program> <version>`, model, provider; '' where unknown. */
    program: text('program').notNull().default(''),
    model: text('model').notNull().default(''),
    provider: text('provider').notNull().default(''),
    purpose: text('purpose').$type<RunPurpose>().notNull().default('build'),
    /** What an agent that only reads submitted with its tool; see `domain/plan.ts`, `domain/agent-review.ts`, `domain/proposals.ts`. */
    submission: jsonb('submission').$type<Record<string, unknown>>(),
    /** `gates`: the agent is done. The gates check its commit, or planning handles its plan. */
    stage: text('stage').$type<'waiting' | 'agent' | 'gates' | 'ended'>().notNull().default('waiting'),
    outcome: text('outcome'),
    failureClass: text('failure_class'),
    signature: text('signature'),
    /** What the agent gets to read about the attempt before: failing gate output, review comments. */
    feedback: text('feedback').notNull().default(''),
    /** Feedback from this attempt for the next one. */
    lesson: text('lesson').notNull().default(''),
    /** The retry policy gives the next attempt a clean worktree ... */
    nextCleanWorktree: boolean('next_clean_worktree').notNull().default(false),
    /** ... and this attempt has one. */
    cleanWorktree: boolean('clean_worktree').notNull().default(false),
    /** Infrastructure failures and rate limits never count as an attempt of the item. */
    countsAsAttempt: boolean('counts_as_attempt').notNull().default(true),
    /** What the agent left that `.gitignore` keeps out of the commit; the first ones. */
    ignoredFiles: jsonb('ignored_files').$type<string[]>().notNull().default([]),
    /** What its checkout lacked, one sentence each, for the agent and for the pull request. */
    notes: jsonb('notes').$type<string[]>().notNull().default([]),
    /** The end of what its agent printed, where the agent failed. */
    logTail: text('log_tail').notNull().default(''),
    progress: text('progress').notNull().default(''),
    summary: text('summary').notNull().default(''),
    /** Set by `/stop` and similar commands. The runner reads it at its next heartbeat. */
    stop: text('stop'),
    /** Whether its agent may first finish the tool call that it is in. */
    stopGracefully: boolean('stop_gracefully').notNull().default(false),
    /** Whether its agent is supervised in a separate thread. */
    inThread: boolean('in_thread').notNull().default(false),
    sandboxed: boolean('sandboxed').notNull().default(false),
    /**
     * The session of its agent that the next attempt may go on with, by ACP's id; '' where there is none. Its home is kept as
     * long as this is set.
     */
    sessionId: text('session_id').notNull().default(''),
    /** The run whose home it works in, where it goes on with that one's session; null where it has a home of its own. */
    homeRunId: number64('home_run_id'),
    leaseOwner: text('lease_owner'),
    leaseEpoch: integer('lease_epoch').notNull().default(0),
    /** The process that took it last, also after the lease is gone; see `processes`. It marks what the run has started. */
    processId: text('process_id'),
    heartbeatAt: time('heartbeat_at'),
    /** The most memory that the processes of its agent used together, in bytes; null before the first sample. */
    peakMemory: number64('peak_memory'),
    /** The last sample of its process tree. */
    health: jsonb('health').$type<HealthSample>(),
    baseSha: text('base_sha'),
    headSha: text('head_sha'),
    /** What the commit adds to the tests, and the coverage that its gates have printed; null before they have judged. */
    testFacts: jsonb('test_facts').$type<TestFacts>(),
    createdAt: now(),
    startedAt: time('started_at'),
    endedAt: time('ended_at'),
  },
  (table) => [
    unique('runs_attempt').on(table.workItemId, table.purpose, table.attempt),
    index('runs_stage').on(table.stage),
    index('runs_ended').on(table.endedAt),
    index('runs_member').on(table.memberId),
  ],
)

/**
 * Pieces of the log of a run whose file is on the disk of another process: whole lines, without secrets. `at` counts the
 * bytes of the pieces before.
 */
export const runLogPieces = pgTable(
  'run_log_pieces',
  {
    runId: number64('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    at: number64('at').notNull(),
    content: text('content').notNull(),
    createdAt: now(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.at] }), index('run_log_pieces_created').on(table.createdAt)],
)

/** Agents that were started again because they crashed, hung or were lost: the restart log. */
export const restarts = pgTable(
  'restarts',
  {
    id: id(),
    /** The attempt that failed. */
    runId: number64('run_id')
      .notNull()
      .references(() => runs.id),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    /** The kind of agent that failed. */
    agent: text('agent').notNull(),
    reason: text('reason').notNull(),
    /** Its number among the attempts of the item. */
    attempt: integer('attempt').notNull(),
    /** How long the next attempt waits, in milliseconds. */
    afterMs: integer('after_ms').notNull(),
    createdAt: now(),
  },
  (table) => [
    unique('restarts_run').on(table.runId),
    index('restarts_item').on(table.workItemId),
    index('restarts_created').on(table.createdAt),
  ],
)

/** The result of a gate for one commit. */
export const gateResults = pgTable(
  'gate_results',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    sha: text('sha').notNull(),
    gate: text('gate').notNull(),
    verdict: text('verdict').$type<'pass' | 'fail' | 'needs-approval' | 'skip'>().notNull(),
    summary: text('summary').notNull(),
    /** The evidence, shortened where it is long ... */
    log: text('log').notNull().default(''),
    /** ... and the SHA-256 of all of it; null where there is none. */
    logDigest: text('log_digest'),
    milliseconds: integer('milliseconds').notNull().default(0),
    createdAt: now(),
  },
  (table) => [
    unique('gate_results_once').on(table.workItemId, table.sha, table.gate),
    index('gate_results_created').on(table.createdAt),
  ],
)

/**
 * A worktree that an agent may have written to. It is never removed before its work is safe. An item has one at a time,
 * besides those that were left because an agent that lost its lease may still write there.
 */
export const worktrees = pgTable(
  'worktrees',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    path: text('path').notNull(),
    /** Whose disk it is on, see `processes`; null for rows of before there were several. */
    place: text('place'),
    branch: text('branch').notNull(),
    baseSha: text('base_sha').notNull(),
    /** The run whose agent may be at work in it; null when that agent has ended. */
    runId: number64('run_id'),
    /** Where its work was kept. */
    rescueRef: text('rescue_ref'),
    createdAt: now(),
    /** It was left to an agent that may still write there: nothing in it counts any more. */
    leftAt: time('left_at'),
    removedAt: time('removed_at'),
  },
  (table) => [index('worktrees_item').on(table.workItemId)],
)
