/** What leads to a merge: branches that are brought up to date, the merge queue, and the forecast of conflicts. */

import { index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, jsonb, now, number64, time } from './columns.ts'
import { pullRequests } from './pull-requests.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

/** One try to bring the base branch into the head of a pull request by git alone. */
export const branchUpdates = pgTable(
  'branch_updates',
  {
    id: id(),
    pullRequestId: number64('pull_request_id')
      .notNull()
      .references(() => pullRequests.id, { onDelete: 'cascade' }),
    baseSha: text('base_sha').notNull(),
    /** The head before; what the server must have for a rebase to replace it. */
    fromSha: text('from_sha').notNull(),
    /** The head after; null for a conflict. */
    toSha: text('to_sha'),
    how: text('how').$type<'merge' | 'rebase'>().notNull(),
    /** The files in conflict. */
    paths: jsonb('paths').$type<string[]>().notNull().default([]),
    createdAt: now(),
  },
  (table) => [unique('branch_updates_once').on(table.pullRequestId, table.fromSha, table.baseSha)],
)

/** Approved and green pull requests that wait for their merge, each at exactly one commit. */
export const mergeQueue = pgTable(
  'merge_queue',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    baseBranch: text('base_branch').notNull(),
    pullRequestId: number64('pull_request_id')
      .notNull()
      .references(() => pullRequests.id, { onDelete: 'cascade' }),
    sha: text('sha').notNull(),
    createdAt: now(),
  },
  (table) => [
    unique('merge_queue_once').on(table.pullRequestId),
    index('merge_queue_base').on(table.repositoryId, table.baseBranch),
  ],
)

/** One pull request of a batch: its head, and what the base is with it and all before it. */
export interface BatchMember {
  pullRequestId: number
  sha: string
  commit: string
  tree: string
}

/** Several pull requests merged on top of the base, and what the tests said about exactly that commit. */
export const mergeBatches = pgTable(
  'merge_batches',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    baseBranch: text('base_branch').notNull(),
    baseSha: text('base_sha').notNull(),
    baseTree: text('base_tree').notNull(),
    members: jsonb('members').$type<BatchMember[]>().notNull(),
    state: text('state').$type<'testing' | 'passed' | 'failed' | 'void'>().notNull().default('testing'),
    /** The end of what failed. */
    log: text('log').notNull().default(''),
    milliseconds: integer('milliseconds'),
    createdAt: now(),
    endedAt: time('ended_at'),
  },
  (table) => [index('merge_batches_base').on(table.repositoryId, table.baseBranch)],
)

/** Whether two open module branches merge with each other, as last computed for their heads. */
export const forecasts = pgTable(
  'forecasts',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    /** The two items, the smaller id first. */
    oneId: number64('one_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    otherId: number64('other_id')
      .notNull()
      .references(() => workItems.id, { onDelete: 'cascade' }),
    oneSha: text('one_sha').notNull(),
    otherSha: text('other_sha').notNull(),
    /** The files in conflict; none: they merge. */
    paths: jsonb('paths').$type<string[]>().notNull().default([]),
    updatedAt: time('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('forecasts_pair').on(table.oneId, table.otherId),
    index('forecasts_repository').on(table.repositoryId),
  ],
)
