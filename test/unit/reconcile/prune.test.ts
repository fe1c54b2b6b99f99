/** What grows has an end, and what is still needed stays. */

import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import type { Store } from '../../../src/db/connect.ts'
import { OperatorError } from '../../../src/lib/errors.ts'
import { prune } from '../../../src/reconcile/prune.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let opened: TestStore
let store: Store
beforeAll(async () => {
  opened = await openTestStore()
  store = opened.store
  // Item 1 is under way, item 2 was finished long ago.
  await run(`
    insert into repositories (github_id, full_name, installation_id, clone_url, default_branch)
      values (77, 'acme/app', 1, 'https://x/acme/app.git', 'main');
    insert into work_items (repository_id, issue_number, title, state, requested_by, requested_by_id, module, branch, base_branch)
      values (1, 1, 'one', 'reviewing', 'm', 1, 'a', 'module/a', 'main'), (1, 2, 'two', 'done', 'm', 1, 'b', 'module/b', 'main');
    insert into audit_log (repository_id, work_item_id, at, actor, what, previous_hash, hash)
      values (1, 2, now() - interval '5 years', 'm', 'queued', '', 'h');
    insert into deliveries (delivery_id, event, payload, received_at, state)
      select state || age, 'issues', '{}', now() - age * interval '1 day', state
      from unnest(array['stored', 'done', 'ignored', 'failed']) state, unnest(array[3, 8, 40]) age;
    insert into idempotency_keys (key, created_at) select kind || age, now() - age * interval '1 day'
      from unnest(array['event:', 'redelivered:', 'comment:', 'heard:', 'refused:', 'label-seen:']) kind, unnest(array[3, 8]) age;
    insert into effects (key, kind, repository_id, work_item_id, payload, state, done_at)
      select kind || item || age, split_part(kind, ':', 2), 1, nullif(item, 0), '{}', 'done', now() - age * interval '1 day'
      from unnest(array['a:reaction', 'a:check-run', 'a:status-comment', 'a:pull-request', 'a:create-issue', 'a:comment', 'reply:comment']) kind,
        unnest(array[0, 1, 2]) item, unnest(array[3, 40]) age;
    insert into effects (key, kind, repository_id, work_item_id, payload, state, not_before)
      values ('waiting', 'reaction', 1, 2, '{}', 'pending', now() - interval '90 days');
    insert into decisions (work_item_id, action, reasons, explanation, created_at)
      select item, 'wait', '[]', 'd' || age, now() - age * interval '1 day' from unnest(array[1, 2]) item, unnest(array[90, 60, 40]) age;
    insert into decisions (work_item_id, action, reasons, explanation) values (1, 'start', '[]', 'new');
    insert into gate_results (work_item_id, sha, gate, verdict, summary, log, created_at)
      select item, 's' || age, 'command', 'pass', 's', 'a long log', now() - age * interval '1 day'
      from unnest(array[1, 2]) item, unnest(array[3, 40]) age;
    insert into pictures (digest, type, content, created_at) select 'p' || n, 'image/png', '', now() - interval '40 days'
      from unnest(array[1, 2, 3, 4]) n;
    insert into pictures (digest, type, content) values ('new', 'image/png', '');
    insert into gate_pictures (work_item_id, sha, gate, name, digest, created_at) values
      (1, 's40', 'command', 'a.png', 'p1', now() - interval '40 days'), (2, 's40', 'command', 'a.png', 'p1', now() - interval '40 days'),
      (2, 's40', 'command', 'b.png', 'p2', now() - interval '40 days'), (2, 's3', 'command', 'c.png', 'p3', now() - interval '3 days');
    insert into runs (work_item_id, attempt, agent, stage, outcome, feedback, lesson, submission, summary, ended_at)
      select item, age, 'codex', 'ended', 'finished', 'f', 'l', '{}', 's', now() - age * interval '1 day'
      from unnest(array[1, 2]) item, unnest(array[3, 500]) age;
    insert into usage (run_id, repository_id, day, cost, currency)
      select id, 1, to_char(ended_at, 'YYYY-MM-DD'), 5, 'USD' from runs;
  `)
})
afterAll(() => opened.close())

async function run(statements: string): Promise<void> {
  for (const statement of statements.split(';\n').filter((text) => text.trim()))
    await store.db.execute(sql.raw(statement))
}
const all = async (query: string) => {
  const { rows } = (await store.db.execute(sql.raw(query))) as unknown as { rows: Record<string, unknown>[] }
  return rows.map((row) => Object.values(row).join(' '))
}

test('rows that have served their time are deleted, in batches, and nothing else', async () => {
  const lines: { pruned?: Record<string, number> }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const services = { store, log, env: readEnv({}) }
  await prune(services, 2)

  expect(await all('select delivery_id from deliveries order by 1')).toEqual(
    ['done3', 'failed3', 'ignored3', 'stored3', 'stored40', 'stored8'].toSorted(),
  )
  expect(await all("select key from idempotency_keys where key like '%8' order by 1")).toEqual([
    'heard:8',
    'label-seen:8',
    'refused:8',
  ])
  expect(await all("select count(*) from idempotency_keys where key like '%3'")).toEqual(['6'])
  // Of item 1 everything stays; of what is finished, what comments, pull requests and issues are found again by.
  expect(await all("select key from effects where key like '%40' and work_item_id = 1")).toHaveLength(7)
  expect(
    await all("select key from effects where key like '%40' and coalesce(work_item_id, 2) = 2 order by 1"),
  ).toEqual(
    ['comment', 'create-issue', 'pull-request', 'status-comment'].flatMap((kind) => [`a:${kind}040`, `a:${kind}240`]),
  )
  expect(await all("select count(*) from effects where key like '%3'")).toEqual(['21'])
  expect(await all("select key from effects where state = 'pending'")).toEqual(['waiting'])
  expect(await all('select work_item_id, explanation from decisions order by 1, 2')).toEqual(['1 new', '2 d40'])
  expect(await all('select work_item_id, sha from gate_results order by 1, 2')).toEqual(['1 s3', '1 s40', '2 s3'])
  expect(await all('select digest from pictures order by 1')).toEqual(['new', 'p1', 'p3'])
  expect(await all("select work_item_id, attempt, outcome, summary from runs where feedback = ''")).toEqual([
    '2 500 finished s',
  ])
  expect(await all('select r.work_item_id, r.attempt from usage join runs r on r.id = run_id order by 1, 2')).toEqual([
    '1 3',
    '2 3',
  ])
  expect(await all('select what from audit_log')).toEqual(['queued'])

  const { pruned } = lines[0] ?? {}
  expect(pruned).toEqual({
    ...{ deliveries: 6, keys: 3, effects: 6, decisions: 5, gateResults: 1, gatePictures: 2, pictures: 2 },
    ...{ runTexts: 1, usage: 2 },
  })
  await prune(services)
  expect(lines).toHaveLength(1)
})

test('each kind of row is found by an index, so that a batch does not read the table', async () => {
  for (const [table, index] of [
    ['deliveries where received_at < now() order by received_at', 'deliveries_received'],
    ['idempotency_keys where created_at < now() order by created_at', 'idempotency_keys_created'],
    ["effects where state = 'done' and done_at < now() order by done_at", 'effects_done'],
    ['decisions where created_at < now() order by created_at', 'decisions_created'],
    ['gate_results where created_at < now() order by created_at', 'gate_results_created'],
    ['gate_pictures where created_at < now() order by created_at', 'gate_pictures_created'],
    ['pictures where created_at < now() order by created_at', 'pictures_created'],
    ['runs where ended_at < now() order by ended_at', 'runs_ended'],
    ["usage where day < '2026-01-01' order by day", 'usage_day'],
  ]) {
    const plan = await store.transaction(async (tx) => {
      await tx.db.execute(sql`set local enable_seqscan = off`)
      await tx.db.execute(sql`set local enable_sort = off`)
      const { rows } = (await tx.db.execute(sql.raw(`explain select 1 from ${table} limit 5`))) as unknown as {
        rows: Record<string, string>[]
      }
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    })
    expect(plan).toContain(index)
  }
})

test('deliveries are kept for as long as GitHub may deliver them again', () => {
  expect(() => readEnv({ KEEP_DELIVERIES_DAYS: '3' })).toThrow(OperatorError)
})
