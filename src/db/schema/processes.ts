/** Running Tutti processes, and the locks that they share. */

import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { number64, time } from './columns.ts'

/** A running Tutti process. The leases and the claimed effects of a dead one are released to the others. */
export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  pidStartTime: text('pid_start_time').notNull(),
  heartbeatAt: time('heartbeat_at').notNull().defaultNow(),
})

/** Rows to lock, for work that only one process may do at a time. `turns` counts how often a lock was taken. */
export const locks = pgTable('locks', {
  name: text('name').primaryKey(),
  turns: number64('turns').notNull().default(0),
})
