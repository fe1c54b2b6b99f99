/** Pull requests, and the reviews of them. */

import { integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, now, number64 } from './columns.ts'
import { repositories } from './repositories.ts'
import { workItems } from './work-items.ts'

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
    /** Who requested `/merge`, and `mergeSha`, the head at that time. A moved head voids the request. */
    mergeRequestedBy: text('merge_requested_by'),
    mergeRequestedById: number64('merge_requested_by_id'),
    mergeSha: text('merge_sha'),
    /** Who keeps it from being merged by `/hold`, and why. A label does so without a row. */
    heldBy: text('held_by'),
    heldWhy: text('held_why').notNull().default(''),
    createdAt: now(),
  },
  (table) => [unique('pull_requests_number').on(table.repositoryId, table.number)],
)

/** A person's review of one commit. */
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
    state: text('state').$type<'approved' | 'changes_requested' | 'commented' | 'dismissed'>().notNull(),
    body: text('body').notNull().default(''),
    createdAt: now(),
  },
  (table) => [unique('approvals_review').on(table.pullRequestId, table.reviewId)],
)
