/** Running Tutti processes, and the locks that they share. */

import { index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { ProcessRole } from '../../domain/process-role.ts'
import { id, jsonb, now, number64, time } from './columns.ts'
import { repositories } from './repositories.ts'

/** A running Tutti process. The leases and the claimed effects of a dead one are released to the others. */
export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  /** Its machine and process namespace: `pid` says something there alone. */
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  pidStartTime: text('pid_start_time').notNull(),
  heartbeatAt: time('heartbeat_at').notNull().defaultNow(),
  role: text('role').$type<ProcessRole>().notNull().default('all'),
  /** Names its data directory: clones and worktrees of one place are on no other disk. Null for versions without it. */
  place: text('place'),
  /** Agents at once in this process; null: as many as memory allows. */
  slots: integer('slots'),
  /** It takes only items that ask for some of these; see `lib/runner-labels.ts`. */
  labels: jsonb('labels').$type<readonly string[]>().notNull().default([]),
  /** Memory that agents may still use where it runs, in bytes, as of the heartbeat. */
  freeMemory: number64('free_memory'),
})

/**
 * Commits that one place has made and the server does not have yet, for processes of other places: git packs in
 * base64, since a backup is text.
 */
export const commitPacks = pgTable(
  'commit_packs',
  {
    id: id(),
    repositoryId: number64('repository_id')
      .notNull()
      .references(() => repositories.id, { onDelete: 'cascade' }),
    sha: text('sha').notNull(),
    pack: text('pack').notNull(),
    createdAt: now(),
  },
  (table) => [
    unique('commit_packs_sha').on(table.repositoryId, table.sha),
    index('commit_packs_created').on(table.createdAt),
  ],
)

/** Rows to lock, for work that only one process may do at a time. `turns` counts how often a lock was taken. */
export const locks = pgTable('locks', {
  name: text('name').primaryKey(),
  turns: number64('turns').notNull().default(0),
})
