/** Who is signed in to the dashboard. */

import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { now, number64, time } from './columns.ts'

/**
 * One browser of one person. It proves who they are and nothing more: what they may do is asked of GitHub, and no token
 * of theirs is kept.
 */
export const dashboardSessions = pgTable(
  'dashboard_sessions',
  {
    /** SHA-256 of the random value in the cookie: whoever reads this table cannot sign in with it. */
    idHash: text('id_hash').primaryKey(),
    userId: number64('user_id').notNull(),
    login: text('login').notNull(),
    createdAt: now(),
    expiresAt: time('expires_at').notNull(),
  },
  (table) => [index('dashboard_sessions_expires').on(table.expiresAt)],
)
