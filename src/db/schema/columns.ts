/**
 * The column types that the tables share. Postgres and PGlite share the tables, too: only plain Postgres types, so that
 * CockroachDB, YugabyteDB and Citus accept them. What can be derived from facts has no column, see
 * `domain/lifecycle.ts`.
 */

import { bigint, bigserial, customType, timestamp } from 'drizzle-orm/pg-core'
import { storableJson } from '../../lib/storable-json.ts'

export const id = () => bigserial('id', { mode: 'number' }).primaryKey()
export const number64 = (name: string) => bigint(name, { mode: 'number' })
export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
export const now = () => time('created_at').notNull().defaultNow()

/** Any JSON. A text that was cut in the middle of a character, or has a NUL in it, is stored all the same. */
export const jsonb = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => storableJson(JSON.stringify(value)),
})
