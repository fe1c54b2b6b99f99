/** Calls to GitHub that count towards its limits. */

import { sql } from 'drizzle-orm'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'

/** One row, which all processes share. The rules are in `domain/call-limits.ts`. */
export const apiLimits = pgTable('api_limits', {
  name: text('name').primaryKey(),
  /** GitHub has asked for no call before this time. */
  pausedUntil: time('paused_until').notNull().default(sql`'epoch'`),
  /** When each write of the last hour was sent. */
  writes: time('writes').array().notNull().default(sql`'{}'`),
  /** When each read of the last minute was sent. */
  reads: time('reads').array().notNull().default(sql`'{}'`),
})
