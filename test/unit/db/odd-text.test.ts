/** Text that Postgres refuses, in everything that is stored as JSON. */

import { readdirSync } from 'node:fs'
import { getTableColumns, is, sql } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { theStore, useStore } from '../../support/webhook-stage.ts'

useStore()
const odd = { texts: ['half \ud83d', 'a \0 in it', 'whole 😀'] }
const stored = { texts: ['half \ufffd', 'a  in it', 'whole 😀'] }

test('it is stored without that', async () => {
  const result = await theStore().db.execute(sql`select ${sql.param(odd, repositories.settings)}::jsonb as value`)
  expect(result).toMatchObject({ rows: [{ value: stored }] })
})

test('each column of JSON does so', async () => {
  const folder = new URL('../../../src/db/schema/', import.meta.url)
  const files = await Promise.all(readdirSync(folder).map((name) => import(new URL(name, folder).href)))
  const tables = files.flatMap((file) => Object.values(file)).filter((one) => is(one, PgTable))
  const columns = tables.flatMap((table) => Object.values(getTableColumns(table)))
  const ofJson = columns.filter((column) => column.getSQLType().startsWith('json'))
  expect(ofJson.length).toBeGreaterThan(20)
  for (const column of ofJson) expect(column.mapToDriverValue(odd), column.name).toBe(JSON.stringify(stored))
})
