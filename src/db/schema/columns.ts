/**
 * The column types that the tables share. Postgres and PGlite share the tables, too: only plain Postgres types, so that
 * CockroachDB, YugabyteDB and Citus accept them. What can be derived from facts has no column, see
 * `domain/lifecycle.ts`.
 */

import { bigint, bigserial, timestamp } from 'drizzle-orm/pg-core'

export const id = () => bigserial('id', { mode: 'number' }).primaryKey()
export const number64 = (name: string) => bigint(name, { mode: 'number' })
export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
export const now = () => time('created_at').notNull().defaultNow()
