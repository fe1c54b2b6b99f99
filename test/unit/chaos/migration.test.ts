/**
 * A process is killed in the middle of a migration: the next start completes it, and rows, columns, indexes and triggers are
 * those of one that was never disturbed. `EVERY_MOMENT=1` tries every statement, which takes a quarter of an hour.
 */

import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { runStoreProcess } from '../../../scripts/chaos/embedded.ts'
import { openStore, type Store } from '../../../src/db/connect.ts'
import { processDeliveryJob } from '../../../src/webhooks/process-delivery.ts'
import { databaseBefore } from '../../support/old-database.ts'
import { startTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { asAdmin } from '../../support/test-databases.ts'

const server = process.env.TEST_DATABASE_URL ?? ''
/** How many moments are tried. */
const some = process.env.EVERY_MOMENT ? Number.POSITIVE_INFINITY : process.env.ALL_STORIES ? 12 : 2

const rowsOfThen = `
  insert into systems (repository_id, full_name, installation_id, clone_url, default_branch, moves, fetched, journal_hash)
    values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main', 5, 3, 'abc');
  insert into work_items (system_id, issue_number, title, state, "before", quiet, requested_by, requested_by_id, module, branch, base_branch)
    select 1, n, 'issue ' || n, 'proposed', null, true, 'm', 1, 'm' || n, 'module/' || n, 'main' from generate_series(1, 300) n;
  insert into runs (work_item_id, attempt, agent, next_clean, start_clean, counts)
    select n, 1, 'codex', true, false, false from generate_series(1, 300) n;
  insert into effects (key, kind, system_id, work_item_id, payload, rank, state) values
    ('create:goal:1:1:x', 'create-issue', 1, null, '{"title": "goal"}', 4, 'wanted'), ('label', 'family-label', 1, 1, '{}', 6, 'failed');
  insert into journal (system_id, work_item_id, at, actor, what, previous_hash, hash) values (1, 1, now(), 'm', 'queued', '', 'h');
  insert into usage (run_id, system_id, day) values (1, 1, '2026-11-01');`

/** A database as the version before has left it, and a way to have copies of it. */
async function oldDatabase(on: string) {
  const old = await databaseBefore('0009_field_terms', on)
  await old.exec(rowsOfThen)
  const { url, directory } = await old.leave()
  const copy = async () => {
    const place = mkdtempSync(join(tmpdir(), 'tutti-migration-'))
    onTestFinished(() => rmSync(place, { recursive: true, force: true }))
    if (!url) {
      cpSync(directory, place, { recursive: true })
      return { directory: place, databaseUrl: undefined, drop: async () => rmSync(place, { recursive: true }) }
    }
    const [name, template] = [`tutti_old_${randomBytes(6).toString('hex')}`, new URL(url).pathname.slice(1)]
    await asAdmin(on, (admin) => admin.query(`create database ${name} template ${template}`))
    const drop = () =>
      asAdmin(on, async (admin) => void (await admin.query(`drop database if exists ${name} with (force)`)))
    onTestFinished(drop)
    return { directory: place, databaseUrl: Object.assign(new URL(url), { pathname: `/${name}` }).href, drop }
  }
  return copy
}

/** Opens it as the next start does, and reads everything that a migration makes, but times. */
async function everythingIn({ directory, databaseUrl }: { directory: string; databaseUrl: string | undefined }) {
  const log = pino({ level: 'silent' })
  const store = await openStore({ directory, databaseUrl, queues: [processDeliveryJob], log })
  try {
    return await contentOf(store)
  } finally {
    await store.close()
  }
}

async function contentOf({ db }: Store) {
  const read = async (query: string) =>
    ((await db.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows
  const inPublic = "table_schema = 'public'"
  const columns = await read(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
     where ${inPublic} order by table_name, ordinal_position`,
  )
  const rows: Record<string, unknown> = {}
  for (const table of new Set(columns.map((one) => String(one.table_name)))) {
    // Numbers that a sequence has given out come back with no transaction: triggers fill this table.
    const id = table === 'dirty_items' ? 'id' : ''
    const plain = columns.filter(
      (one) => one.table_name === table && one.column_name !== id && !/time|date/.test(String(one.data_type)),
    )
    const names = plain.map((one) => `"${one.column_name}"`).join(', ')
    rows[table] = await read(`select ${names || '1'} from "${table}" order by ${names || '1'}`)
  }
  return {
    columns,
    rows,
    indexes: await read("select indexdef from pg_indexes where schemaname = 'public' order by 1"),
    triggers: await read(
      "select event_object_table, trigger_name, action_statement from information_schema.triggers where trigger_schema = 'public' order by 1, 2, event_manipulation",
    ),
    migrations: await read('select hash from drizzle.__drizzle_migrations order by created_at'),
    queues: await read('select name from pgboss.queue order by name'),
  }
}

/** So many numbers from 1 to the last, evenly, with a beginning that differs from run to run. */
function spread(last: number): number[] {
  const step = Math.max(1, last / some)
  const first = 1 + Math.random() * (step - 1)
  return Array.from({ length: Math.min(last, some) }, (_, index) => Math.min(last, Math.floor(first + index * step)))
}

test.skipIf(!server)('on a Postgres, killed at any statement', { timeout: 3_600_000 }, async () => {
  const copy = await oldDatabase(server)
  const undisturbed = await everythingIn(await copy())
  expect(undisturbed.rows.work_items).toHaveLength(300)
  const { hostname: host, port } = new URL(server)
  const proxy = await startTcpProxy({ host, port: Number(port || 5432) })
  onTestFinished(() => proxy.close())
  /** Starts a process on a copy and kills it at its n-th request. @returns how many there were. */
  const start = async (at: number) => {
    const place = await copy()
    let [requests, pid] = [0, 0]
    proxy.cutWhen = () => {
      if (++requests !== at) return false
      process.kill(pid, 'SIGKILL')
      return true
    }
    const url = throughProxy(place.databaseUrl ?? '', proxy)
    const onSpawn = (id: number) => {
      pid = id
    }
    const ended = await runStoreProcess([place.directory, '--database', url], { onSpawn })
    expect(ended.said).toBe('')
    return { place, requests, killed: ended.killed }
  }
  const { requests } = await start(0)
  expect(requests).toBeGreaterThan(150)
  const moments = spread(requests)
  let kills = 0
  for (const at of moments) {
    const { place, killed } = await start(at)
    kills += Number(killed)
    expect(await everythingIn(place), `after a kill at request ${at} of ${requests}`).toEqual(undisturbed)
    await place.drop()
  }
  // The last requests do not always come in the same number.
  expect(kills).toBeGreaterThanOrEqual(moments.length - 10)
  if (process.env.EVERY_MOMENT) console.log(`${kills} kills at ${requests} requests`)
})

test.skipIf(!process.env.ALL_STORIES)(
  'on the embedded database, killed at any write to a file (skipped without ALL_STORIES)',
  { timeout: 3_600_000 },
  async () => {
    const copy = await oldDatabase('')
    const undisturbed = await everythingIn(await copy())
    expect(undisturbed.rows.work_items).toHaveLength(300)
    const writes = spread(900).filter((at, index) => (process.env.EVERY_MOMENT ? at % 10 === 0 : index % 2 === 0))
    let kills = 0
    for (const at of writes) {
      const place = await copy()
      const { killed, said } = await runStoreProcess([place.directory, '--kill-at-write', String(at)])
      expect(said).toBe('')
      kills += Number(killed)
      expect(await everythingIn(place), `after a kill at write ${at}`).toEqual(undisturbed)
      await place.drop()
    }
    expect(kills).toBeGreaterThan(0)
    if (process.env.EVERY_MOMENT) console.log(`${kills} kills at ${writes.length} writes`)
  },
)
