/** Repositories, and the audit log of each. */

import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { Settings } from '../../config/settings.ts'
import type { QueueLabels } from '../../domain/queue-labels.ts'
import { id, jsonb, now, number64, time } from './columns.ts'

/** One repository that Tutti works on. */
export const repositories = pgTable('repositories', {
  id: id(),
  githubId: number64('github_id').notNull().unique(),
  fullName: text('full_name').notNull(),
  private: boolean('private').notNull().default(true),
  installationId: number64('installation_id').notNull(),
  cloneUrl: text('clone_url').notNull(),
  defaultBranch: text('default_branch').notNull(),
  state: text('state').$type<'active' | 'paused' | 'gone'>().notNull().default('active'),
  /** Why everything in it was stopped, by a critical failure; null when a person has paused it, or it is not paused. */
  haltedBecause: text('halted_because'),
  /** When its orchestrator was shut down; null while it is not. Such a repository is paused too. */
  shutDownAt: time('shut_down_at'),
  settings: jsonb('settings').$type<Settings>(),
  settingsSha: text('settings_sha'),
  settingsError: text('settings_error'),
  /** The labels that queue, by GitHub's ids: a renamed one stays the same label. */
  queueLabels: jsonb('queue_labels').$type<QueueLabels>().notNull().default({}),
  /**
   * Counts the changes of branches on the server (pushes, merges), and how many of them the bare clone has fetched.
   * Numbers and not a flag: a fetch that was running when a branch moved has not read it.
   */
  remoteRevision: integer('remote_revision').notNull().default(1),
  fetchedRevision: integer('fetched_revision').notNull().default(0),
  /** Comments of people up to this time have been looked for on GitHub; null before the first time. */
  commentsReadAt: time('comments_read_at'),
  /** The last hash of this repository's audit log. The lock of this row orders the entries. */
  auditHash: text('audit_hash').notNull().default(''),
  createdAt: now(),
})

/** Who did what. Each entry is hashed with the one before it, per repository. */
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
  (table) => [
    index('audit_log_repository').on(table.repositoryId, table.id),
    index('audit_log_item').on(table.workItemId, table.id),
  ],
)
