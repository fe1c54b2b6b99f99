import { sql } from 'drizzle-orm'
import { expect, onTestFinished, test } from 'vitest'
import { refuseNewerSchema } from '../../../src/db/newer-schema.ts'
import { openTestStore } from '../../support/test-store.ts'

test('a database that a newer version has migrated is refused in one line', async () => {
  const { store, close } = await openTestStore()
  onTestFinished(close)
  await refuseNewerSchema(store.db, 'drizzle')
  await store.db.execute(
    sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of the future', 9999999999999)`,
  )
  await expect(refuseNewerSchema(store.db, 'drizzle')).rejects.toThrow('the database was upgraded by a newer Tutti')
})
