/** A backup is the whole database at one moment, and a restore gives it back, or changes nothing. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkAuditLog, copyOldAudit, dropCopiedAudit } from '../../../src/db/audit-archive.ts'
import { appendAudit } from '../../../src/db/audit-log.ts'
import { writeBackup } from '../../../src/db/backup/dump.ts'
import { checkBackup, restoreBackup } from '../../../src/db/backup/restore.ts'
import { type DatabaseSession, openDatabaseSession } from '../../../src/db/backup/session.ts'
import { openStore, type Store } from '../../../src/db/connect.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { jobs } from '../../../src/jobs.ts'
import { prepareDatabase, type TestDatabase } from '../../support/test-store.ts'

const log = pino({ level: 'silent' })
const directory = mkdtempSync(join(tmpdir(), 'tutti-backup-'))
const file = join(directory, 'one.gz')
const repository = {
  ...{ githubId: 2 ** 40, fullName: 'acme/app', private: true, installationId: 1 },
  ...{ cloneUrl: 'https://x/acme/app.git', defaultBranch: 'main' },
}
let database: TestDatabase
/** Migrated, and without a row of ours: as a first start leaves it. */
let second: TestDatabase
const open = () =>
  openStore({ queues: Object.values(jobs), databaseUrl: database.url, directory: join(directory, 'data'), log })
const session = () => openDatabaseSession({ databaseUrl: database.url, directory: join(directory, 'data'), log })
const target = () => openDatabaseSession({ databaseUrl: second.url, directory: join(directory, 'second'), log })
const rowsOf = async (place: DatabaseSession, table: string) =>
  (await place.query(`select to_jsonb(t)::text as row from ${table} t order by 1`)).map(({ row }) => row)

/** A text with what line splitters and JSON are known to break on. */
const strange = 'a\u2028b\u2029c\r\nd"\\ € 𝄞'

async function note(store: Store, repositoryId: number, what: string) {
  await store.transaction((tx) => appendAudit(tx, { repositoryId, actor: 'm', what, detail: { strange } }))
}

let repositoryId: number
beforeAll(async () => {
  database = await prepareDatabase(join(directory, 'data'))
  second = await prepareDatabase(join(directory, 'second'))
  const store = await open()
  repositoryId = (await saveRepository(store.db, repository)).id
  for (const what of ['one', 'two', 'three']) await note(store, repositoryId, what)
  await store.db.update(repositories).set({ commentsReadAt: new Date('2026-11-20T10:00:00Z') })
  await store.close()
  const from = await session()
  await writeBackup(from, file, '1.2.3')
  await from.close()
})
afterAll(async () => {
  await database.drop()
  await second.drop()
  rmSync(directory, { recursive: true, force: true })
})

test('it is for its owner alone, says what it is, and is whole', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const { header, rows } = await checkBackup(file)
  expect(header).toMatchObject({
    backup: 'tutti',
    format: 1,
    version: '1.2.3',
    migration: expect.stringMatching(/^\d{4}_/),
  })
  expect(rows).toBeGreaterThanOrEqual(4)
})

test('an empty database gets every row back, and new rows get new numbers', async () => {
  const [from, to] = [await session(), await target()]
  await restoreBackup(to, file)
  for (const table of ['audit_log', 'dirty_items'])
    expect(await rowsOf(to, table), table).toEqual(await rowsOf(from, table))
  // What people have said since is left to the past, and what was written since is searched for.
  const before = JSON.parse(String((await rowsOf(from, 'repositories'))[0]))
  expect(before.comments_read_at).not.toBeNull()
  const after = JSON.parse(String((await rowsOf(to, 'repositories'))[0]))
  expect(after).toEqual({ ...before, comments_read_at: null })
  expect(await to.query(`select key from idempotency_keys where key = 'restored'`)).toHaveLength(1)
  await to.query(`insert into deliveries (delivery_id, event, payload, received_at) values ('x', 'ping', '{}', now())`)
  await from.close()
  await to.close()

  // The program itself opens it, and goes on with the chain.
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: second.url,
    directory: join(directory, 'second'),
    log,
  })
  await note(store, repositoryId, 'four')
  expect(await checkAuditLog(store.db)).toEqual([{ repository: 'acme/app', entries: 4, archived: 0 }])
  await store.close()

  const again = await target()
  await expect(restoreBackup(again, file)).rejects.toMatchObject({ message: expect.stringContaining('not empty') })
  await again.close()
})

test.each<[string, (lines: string[]) => string[], RegExp]>([
  ['cut off', (lines) => lines.slice(0, -2), /it is cut off/],
  ['changed', (lines) => lines.map((line) => line.replace('"two"', '"2wo"')), /its digest does not fit/],
  ['with more behind its end', (lines) => [...lines, '{}'], /something follows its end/],
  ['of a newer program', ([head = '', ...rest]) => [head.replace('"format":1', '"format":2'), ...rest], /newer Tutti/],
  ['of another program', ([, ...rest]) => ['{"backup":"other"}', ...rest], /is no whole backup/],
])('a backup that is %s changes nothing', async (_, change, said) => {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  const bad = join(directory, 'bad.gz')
  writeFileSync(bad, gzipSync(`${change(lines).join('\n')}\n`))
  const untouched = () => {
    throw new Error('the database was touched')
  }
  const place: DatabaseSession = { query: untouched, migrate: untouched, close: async () => {} }
  await expect(restoreBackup(place, bad)).rejects.toMatchObject({ message: expect.stringMatching(said) })
})

test('a changed entry of the audit log, one taken out, and one cut off are found; an archive is not taken for one', async () => {
  const store = await open()
  const run = (text: string) => store.db.execute(sql.raw(text))
  const broken = async () => (await checkAuditLog(store.db))[0]?.broken
  await run('create table kept as select * from audit_log')
  const back = async () => {
    await run('delete from audit_log')
    await run('insert into audit_log overriding system value select * from kept')
    expect(await broken()).toBeUndefined()
  }
  await run(`update audit_log set actor = 'other' where what = 'two'`)
  expect(await broken()).toMatchObject({ why: 'changed' })
  await back()
  await run(`delete from audit_log where what = 'two'`)
  expect(await broken()).toMatchObject({ why: 'missing before it' })
  await back()
  await run(`delete from audit_log where what = 'three'`)
  expect(await broken()).toEqual({ id: null, why: 'missing at the end' })
  await back()
  await run(`delete from audit_log where what = 'one'`)
  expect(await broken()).toEqual({ id: null, why: 'missing at the beginning' })
  await back()

  const moved: string[] = []
  const copied = await copyOldAudit(
    store.db,
    { id: repositoryId, fullName: 'acme/app' },
    new Date(Date.now() + 1_000),
    async (row) => void moved.push(row.what),
  )
  if (!copied) throw new Error('nothing was copied')
  await dropCopiedAudit(store, copied, 'archive.gz')
  expect(moved).toEqual(['one', 'two', 'three'])
  expect(await checkAuditLog(store.db)).toEqual([{ repository: 'acme/app', entries: 1, archived: 3 }])
  await run('drop table kept')
  await store.close()
})
