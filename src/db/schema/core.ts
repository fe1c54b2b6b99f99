/**
 * The tables. Postgres and PGlite share them; keep to plain Postgres types so that CockroachDB, YugabyteDB and Citus
 * take them too. Status that can be derived from facts is not stored here (see journey.ts).
 */

import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core'
import type { Settings } from '../../config/settings.ts'
import type { Routing } from '../../domain/choose-workflow.ts'
import type { ItemState } from '../../lib/item-state.ts'

/**
 * Where a dependency was read. `sub-issue`, `task-list`, `roadmap` and `plan` on an epic name what it is made of;
 * on any other item every source names what it waits for. `order` is what the line of an issue in a roadmap says.
 */
export type DependencySource = 'native' | 'body' | 'sub-issue' | 'task-list' | 'roadmap' | 'plan' | 'command' | 'order'

/** What is kept of an epic besides its parts. */
export interface EpicFacts {
  /** What a person should know of its parts, such as those that cannot be queued. */
  notes: string[]
  /** Whether its parts were taken in once; what is found later must have been put there by somebody who may write. */
  read: boolean
  /** For its own text, and for a file: what a person should know of its lines, and how many are not issues yet. */
  texts: Partial<Record<'task-list' | 'roadmap', { notes: string[]; unmade: number }>>
  /** Whether a person asked for its lines in words to become issues, though the label of roadmaps is not on it. */
  makes?: boolean
  /** How its parts are worked on; all that is available where nothing is said. */
  pace?: RoadmapMode
}

/**
 * How the parts of an epic are worked on: `one` and no more; at most `max` at once; one after another in their order,
 * each when the one before is closed; everything that is available.
 */
export interface RoadmapMode {
  mode: 'one' | 'parallel' | 'sequential' | 'batch'
  max?: number
  /** For `one`: which, as `owner/name#12`. */
  only?: string
}

export const id = () => bigserial('id', { mode: 'number' }).primaryKey()
export const number64 = (name: string) => bigint(name, { mode: 'number' })
export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
export const now = () => time('created_at').notNull().defaultNow()

/** Every accepted webhook delivery, as received. The delivery id is GitHub's and stays the same on redelivery. */
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
  (table) => [index('deliveries_received').on(table.receivedAt)],
)

/** One target repository and the state of its orchestrator. */
export const repositories = pgTable('repositories', {
  id: id(),
  githubId: number64('github_id').notNull().unique(),
  fullName: text('full_name').notNull(),
  private: boolean('private').notNull().default(true),
  installationId: number64('installation_id').notNull(),
  cloneUrl: text('clone_url').notNull(),
  defaultBranch: text('default_branch').notNull(),
  state: text('state').$type<'active' | 'paused' | 'gone'>().notNull().default('active'),
  settings: jsonb('settings').$type<Settings>(),
  settingsSha: text('settings_sha'),
  settingsError: text('settings_error'),
  /**
   * Counts what has moved branches on the server (pushes, merges), and what of it the control repository has fetched.
   * Numbers instead of a flag: a fetch that was under way when a branch moved has not seen it.
   */
  remoteRevision: integer('remote_revision').notNull().default(1),
  fetchedRevision: integer('fetched_revision').notNull().default(0),
  /** The end of the hash chain of this system's journal; its row lock orders the entries. */
  auditHash: text('audit_hash').notNull().default(''),
  createdAt: now(),
})

/** One issue on its way to a merged pull request. The text is the issue's as of the trigger. */
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
    /** The issue's labels, as of the trigger. */
    labels: jsonb('labels').$type<string[]>().notNull().default([]),
    /** `epic`: a roadmap or a large goal. No agent builds it; it is done when the issues it is made of are. */
    kind: text('kind').$type<'task' | 'epic'>().notNull().default('task'),
    epic: jsonb('epic').$type<EpicFacts>(),
    /** Queued as one of many: nothing is said on its issue until an agent starts or a person speaks there. */
    muted: boolean('muted').notNull().default(false),
    state: text('state').$type<ItemState>().notNull(),
    /** Where `resume` goes back to when the item stands aside. */
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
    /** The way of working, by its name in the settings; see config/loops.ts. */
    loop: text('loop').notNull().default('engineering-loop'),
    /** How it was routed when it was queued, see config/routing.ts; null before. */
    routing: jsonb('routing').$type<Routing>(),
    /** How many issues GitHub's own "blocked by" names, where the payload said so; null when it must be asked. */
    nativeBlockers: integer('native_blockers'),
    branch: text('branch').notNull(),
    baseBranch: text('base_branch').notNull(),
    headSha: text('head_sha'),
    /** The commit whose changes to protected paths a person has allowed. */
    protectedAllowedSha: text('protected_allowed_sha'),
    /** Digest of the issue's text as it was last looked at; null while that is the text above. */
    bodyDigest: text('body_digest'),
    /** How many rounds of questions were asked before it was last planned anew: they no longer count. */
    planningRoundsOffset: integer('planning_rounds_offset').notNull().default(0),
    /** The last word to a command, shown in the status comment. */
    reply: text('reply'),
    /** The last run before a person's /retry: older attempts no longer count. */
    freshSince: number64('fresh_since'),
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
  ],
)

/** `dependent` waits for the issue `repository#number`; one row per place that says so. */
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
    /** Its place among the edges of this source, for showing them as they were written. */
    position: integer('position').notNull().default(0),
    /** The heading of the roadmap it stands under. */
    heading: text('heading').notNull().default(''),
    /** The blocker's state as last heard; one that nobody can see holds, since starting too early is the worse mistake. */
    blocker: text('blocker').$type<'open' | 'closed' | 'missing'>().notNull(),
  },
  (table) => [
    unique('dependencies_edge').on(table.dependentId, table.repository, table.issueNumber, table.source),
    index('dependencies_blocker').on(table.repository, table.issueNumber),
  ],
)

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
    /** `build` changes files; `plan` and `breakdown` read them and hand in a plan. */
    purpose: text('purpose').$type<'build' | 'plan' | 'breakdown'>().notNull().default('build'),
    /** What a planning agent handed in through its tool; see plan-content.ts. */
    submission: jsonb('submission').$type<Record<string, unknown>>(),
    /** `gates`: the agent is done, and what it left is looked at: by the gates, or by the planning room. */
    stage: text('stage').$type<'waiting' | 'agent' | 'gates' | 'ended'>().notNull().default('waiting'),
    outcome: text('outcome'),
    failureClass: text('failure_class'),
    signature: text('signature'),
    /** What the agent was told about the attempt before: failing gate output, review comments. */
    feedback: text('feedback').notNull().default(''),
    /** What the next attempt should know of this one. */
    lesson: text('lesson').notNull().default(''),
    /** The ladder sends the next attempt to a clean tree ... */
    nextCleanWorktree: boolean('next_clean_worktree').notNull().default(false),
    /** ... and this one was. */
    cleanWorktree: boolean('clean_worktree').notNull().default(false),
    /** Infrastructure failures and rate limits never burn an attempt of the item. */
    countsAsAttempt: boolean('counts_as_attempt').notNull().default(true),
    /** What the agent left that `.gitignore` keeps out of the commit; the first ones. */
    ignoredFiles: jsonb('ignored_files').$type<string[]>().notNull().default([]),
    progress: text('progress').notNull().default(''),
    summary: text('summary').notNull().default(''),
    /** Set by /stop and the like; the runner sees it at its next heartbeat. */
    stop: text('stop'),
    /** Its agent is supervised in a thread of its own. */
    inThread: boolean('in_thread').notNull().default(false),
    sandboxed: boolean('sandboxed').notNull().default(false),
    leaseOwner: text('lease_owner'),
    leaseEpoch: integer('lease_epoch').notNull().default(0),
    heartbeatAt: time('heartbeat_at'),
    baseSha: text('base_sha'),
    headSha: text('head_sha'),
    createdAt: now(),
    startedAt: time('started_at'),
    endedAt: time('ended_at'),
  },
  (table) => [
    unique('runs_attempt').on(table.workItemId, table.purpose, table.attempt),
    index('runs_stage').on(table.stage),
  ],
)

/** What a gate said about one commit. */
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
    log: text('log').notNull().default(''),
    milliseconds: integer('milliseconds').notNull().default(0),
    createdAt: now(),
  },
  (table) => [unique('gate_results_once').on(table.workItemId, table.sha, table.gate)],
)

export const pullRequests = pgTable(
  'pull_requests',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    number: integer('number').notNull(),
    url: text('url').notNull(),
    headSha: text('head_sha').notNull(),
    baseBranch: text('base_branch').notNull(),
    state: text('state').$type<'open' | 'merged' | 'closed'>().notNull().default('open'),
    mergedSha: text('merged_sha'),
    /** Who said /merge, and the head sha it was said about; void when the head moves. */
    mergeRequestedBy: text('merge_requested_by'),
    mergeRequestedById: number64('merge_requested_by_id'),
    mergeSha: text('merge_sha'),
    createdAt: now(),
  },
  (table) => [unique('pull_requests_number').on(table.repositoryId, table.number)],
)

/** A person's review, bound to the commit they saw. */
export const approvals = pgTable(
  'approvals',
  {
    id: id(),
    pullRequestId: number64('pull_request_id')
      .notNull()
      .references(() => pullRequests.id),
    reviewId: number64('review_id').notNull(),
    reviewer: text('reviewer').notNull(),
    reviewerId: number64('reviewer_id').notNull(),
    sha: text('sha').notNull(),
    state: text('state').$type<'approved' | 'changes_requested' | 'comment-created' | 'dismissed'>().notNull(),
    body: text('body').notNull().default(''),
    createdAt: now(),
  },
  (table) => [unique('approvals_review').on(table.pullRequestId, table.reviewId)],
)

/** A wanted fact about GitHub. Only the publisher in github/ makes it true; see effects.ts. */
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
    /** Lower goes first: merges and stops before comments when the write budget is short. */
    priority: integer('priority').notNull().default(5),
    state: text('state').$type<'pending' | 'in_progress' | 'done' | 'failed'>().notNull().default('pending'),
    /** Raised each time the wanted fact changes; the row is done when `published` has caught up. */
    revision: integer('revision').notNull().default(1),
    published: integer('published').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    /** The process that is carrying it out; see instances. */
    claimedBy: text('claimed_by'),
    notBefore: time('not_before').notNull().defaultNow(),
    result: jsonb('result').$type<Record<string, unknown>>(),
    error: text('error'),
    createdAt: now(),
    doneAt: time('done_at'),
  },
  (table) => [index('effects_pending').on(table.state, table.notBefore)],
)

/** Rows to lock, for what only one process may do at a time. `turns` counts how often it was done. */
export const locks = pgTable('locks', {
  name: text('name').primaryKey(),
  turns: number64('turns').notNull().default(0),
})

/**
 * Items of which something has changed that the scheduler goes by, written by triggers (migration `changes`) on items,
 * their dependencies and their footprints. `look`: the look that took it in, as numbered by its lock; null before.
 * CockroachDB and Citus take no such triggers yet.
 */
export const dirtyItems = pgTable(
  'dirty_items',
  { id: id(), workItemId: number64('work_item_id').notNull(), pass: number64('pass') },
  (table) => [index('dirty_items_pass').on(table.pass)],
)

/** A running Tutti process. What a dead one held (leases, effects it was carrying out) is free for the others. */
export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  pidStartTime: text('pid_start_time').notNull(),
  heartbeatAt: time('heartbeat_at').notNull().defaultNow(),
})

/** A tree that an agent may have written to: never removed before its work is safe. */
export const worktrees = pgTable('worktrees', {
  workItemId: number64('work_item_id')
    .primaryKey()
    .references(() => workItems.id),
  path: text('path').notNull(),
  branch: text('branch').notNull(),
  baseSha: text('base_sha').notNull(),
  rescueRef: text('rescue_ref'),
  createdAt: now(),
  removedAt: time('removed_at'),
})

/** Who did what on whose word, each entry hashed with the one before it (per system). */
export const auditLog = pgTable(
  'audit_log',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id),
    workItemId: number64('work_item_id'),
    at: time('at').notNull(),
    actor: text('actor').notNull(),
    what: text('what').notNull(),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default(sql`'{}'::jsonb`),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [index('audit_log_repository').on(table.repositoryId, table.id)],
)

/** Commands already carried out, by where they came from: the same comment or request acts once. */
export const idempotencyKeys = pgTable('idempotency_keys', {
  key: text('key').primaryKey(),
  createdAt: now(),
})
