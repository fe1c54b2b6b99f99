/**
 * What a merged item leaves behind: bytes of the database and of the data directory, and the memory of the process, while
 * many items go from their label to their merge; then again after everything has become older than what is kept. Nothing
 * may grow for ever: after retention an item leaves its row, its runs, its audit log and no files.
 */

import { readFileSync } from 'node:fs'
import { lstat, lutimes, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type OwnDatabase, ownDatabase } from './lib/own-database.ts'
import { type ServedWorld, startServedWorld } from './lib/served-world.ts'

export const about = 'bytes and memory that a merged item leaves, before and after retention (Postgres)'

/** Items under way at once. */
const together = 4
/** The first items make the clone, queues and caches, which are there once. */
const warmUp = 10
/** Everything is made older by this, more than any default of what is kept. */
const olderByDays = 500
/** Rows are deleted a minute after the start. */
const untilPrunedMs = 75_000

interface Sample {
  merged: number
  database: number
  files: number
  rss: number
}

/** `npm run bench -- soak [--items N] [--json]` */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { items: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
  })
  const database = await ownDatabase()
  if (!database) throw new Error('soak needs a Postgres: set DATABASE_URL')
  try {
    await soak(database, Number(values.items), values.json)
  } finally {
    await database[Symbol.asyncDispose]()
  }
}

async function soak(database: OwnDatabase, items: number, json: boolean): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const start = () =>
    startServedWorld({
      directory,
      script: 'mkdir -p src; date +%N >> "src/$(date +%s%N).txt"; echo Worked.',
      // The limits of GitHub.com would have 60 items take an hour.
      env: { DATABASE_URL: database.url, API_LIMIT_FACTOR: '0' },
      rateLimit: 1_000_000,
    })
  const world = await start()
  const samples: Sample[] = []
  const take = async (merged: number) => {
    samples.push({ merged, ...(await measure(database, directory, world.pid)) })
    if (!json) print(samples)
  }
  try {
    await mergeMany(world, warmUp)
    await world.untilIdle(3_000)
    await take(0)
    const step = Math.max(1, Math.ceil(items / 8))
    for (let merged = 0; merged < items; ) {
      const many = Math.min(step, items - merged)
      await mergeMany(world, many)
      await world.untilIdle(3_000)
      merged += many
      await take(merged)
    }
    await world.restart(async () => {
      await makeOlder(database)
      await makeFilesOlder(join(directory, 'data'))
    })
    await sleep(untilPrunedMs)
    await database.query('vacuum full')
    const after = await measure(database, directory, world.pid)
    report({ samples, after, items, rows: await largestTables(database), json })
  } finally {
    await world.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function mergeMany(world: ServedWorld, count: number): Promise<void> {
  let left = count
  const worker = async () => {
    while (left > 0) {
      left -= 1
      await mergeOne(world)
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
}

async function mergeOne(world: ServedWorld): Promise<void> {
  const { github, repository, maintainer } = world
  const issue = await maintainer.createIssue(repository, { title: 'Work', body: 'Write something.' })
  await maintainer.addLabels(repository, issue.number, ['tutti'])
  const pull = await world.pullRequestOf(issue)
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(() => issue.state === 'closed', `#${issue.number} to be merged`)
}

async function measure(database: OwnDatabase, directory: string, pid: number): Promise<Omit<Sample, 'merged'>> {
  const [row] = await database.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes')
  const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1_024
  return { database: Number(row?.bytes ?? 0), files: await bytesIn(join(directory, 'data')), rss }
}

/** Allocated bytes of all files below a folder. */
async function bytesIn(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    sum += (found?.blocks ?? 0) * 512
  }
  return sum
}

/** Every time in the database becomes an earlier one. */
async function makeOlder(database: OwnDatabase): Promise<void> {
  const columns = await database.query<{ name: string; columns: string[] }>(`
    select format('%I.%I', c.table_schema, c.table_name) as name, array_agg(quote_ident(c.column_name)::text) as columns
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema in ('public', 'pgboss') and t.table_type = 'BASE TABLE'
      and c.data_type = 'timestamp with time zone'
    group by 1`)
  for (const { name, columns: times } of columns) {
    const earlier = times.map((column) => `${column} = ${column} - interval '${olderByDays} days'`)
    await database.query(`update ${name} set ${earlier.join(', ')}`)
  }
  await database.query(`update usage set day = to_char(now() - interval '${olderByDays} days', 'YYYY-MM-DD')`)
}

async function makeFilesOlder(folder: string): Promise<void> {
  const then = new Date(Date.now() - olderByDays * 86_400_000)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lutimes(join(entry.parentPath, entry.name), then, then).catch(() => {})
  await lutimes(folder, then, then)
}

async function largestTables(database: OwnDatabase): Promise<{ name: string; kilobytes: number; rows: number }[]> {
  return database.query(`
    select relname as name, (pg_total_relation_size(c.oid) / 1024)::int as kilobytes, greatest(reltuples, 0)::int as rows
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where relkind = 'r' and nspname in ('public', 'pgboss') order by pg_total_relation_size(c.oid) desc limit 8`)
}

const kb = (bytes: number) => `${Math.round(bytes / 1_024)} kB`
const mb = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MB`

function print(samples: readonly Sample[]): void {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return
  console.log(
    `${String(last.merged).padStart(6)} merged: database ${mb(last.database)}, data directory ${mb(last.files)}, memory ${mb(last.rss)}`,
  )
}

/** @param found.rows the largest tables, after retention. */
function report(found: {
  samples: readonly Sample[]
  after: Omit<Sample, 'merged'>
  items: number
  rows: { name: string; kilobytes: number; rows: number }[]
  json: boolean
}): void {
  const { samples, after, items, rows, json } = found
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return
  const each = (now: number, then: number) => Math.max(0, now - then) / items
  const result = {
    databasePerItem: Math.round(each(last.database, first.database)),
    filesPerItem: Math.round(each(last.files, first.files)),
    databasePerItemAfter: Math.round(after.database / (items + warmUp)),
    filesPerItemAfter: Math.round(after.files / (items + warmUp)),
    // The second half: the first one warms the heap up.
    memoryPerHundredItems: Math.round(
      slope(samples.slice(samples.length / 2).map(({ merged, rss }) => [merged, rss])) * 100,
    ),
    items,
  }
  if (json) console.log(JSON.stringify(result))
  else
    console.log(`
a merged item leaves ${kb(result.databasePerItem)} in the database and ${kb(result.filesPerItem)} in the data directory
after retention, all of it divided by the items: ${kb(result.databasePerItemAfter)} and ${kb(result.filesPerItemAfter)}
memory of the process: ${kb(result.memoryPerHundredItems)} for 100 items, over the second half
largest tables afterwards: ${rows.map((one) => `${one.name} ${one.kilobytes} kB`).join(', ')}`)
}

/** The slope of the line of least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const under = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return under === 0 ? 0 : over / under
}
