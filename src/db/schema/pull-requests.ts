/** Pull requests, and the reviews of them. */

import { boolean, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'
import { runs } from './runs.ts'
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
    /** The reply to the last command that was given on the pull request, shown in its status comment. */
    reply: text('reply'),
    /** The reply before the last step, as `work_items` has it. */
    oldReply: text('old_reply'),
    /** Who keeps it from being merged by `/hold`, and why. A label does so without a row. */
    heldBy: text('held_by'),
    heldWhy: text('held_why').notNull().default(''),
    /** When its merge was taken back on the base branch, and by what: a commit, or a pull request as `#12`. */
    revertedAt: time('reverted_at'),
    revertedBy: text('reverted_by'),
    createdAt: now(),
  },
  (table) => [
    unique('pull_requests_number').on(table.repositoryId, table.number),
    index('pull_requests_item').on(table.workItemId),
  ],
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

/**
 * What a person wrote about a pull request, as it was then: the text of a review, a comment on a line, or a plain comment.
 * An agent reads it in the next round, and what came of it is stored beside it.
 */
export const reviewComments = pgTable(
  'review_comments',
  {
    id: id(),
    pullRequestId: number64('pull_request_id')
      .notNull()
      .references(() => pullRequests.id),
    kind: text('kind').$type<'review' | 'line' | 'comment'>().notNull(),
    /** GitHub's id of the review or the comment; unique for each kind. */
    githubId: number64('github_id').notNull(),
    /** The review that it came with, where GitHub names one. */
    reviewId: number64('review_id'),
    /** Of a comment on a line: the first comment of its thread, which may be itself. */
    threadId: number64('thread_id'),
    author: text('author').notNull(),
    authorId: number64('author_id').notNull(),
    /** Whether the author may write to the repository; null while GitHub was not asked. Agents read no other text. */
    mayWrite: boolean('may_write'),
    /** It calls an agent: changes were requested with it, or it addresses the app. Other comments wait for the next round. */
    calls: boolean('calls').notNull().default(false),
    /** Of a comment on a line: where, and the lines of the diff above it. */
    path: text('path'),
    line: integer('line'),
    hunk: text('hunk').notNull().default(''),
    /** The commit that it is about, where GitHub names one. */
    sha: text('sha'),
    body: text('body').notNull(),
    /** The run whose agent has read it, and its number in that prompt. */
    runId: number64('run_id').references(() => runs.id),
    place: integer('place'),
    /** What the agent says about it, and whether it did it; null while it said nothing. */
    answer: text('answer'),
    settled: boolean('settled'),
    createdAt: now(),
  },
  (table) => [
    unique('review_comments_once').on(table.pullRequestId, table.kind, table.githubId),
    index('review_comments_run').on(table.runId),
  ],
)
