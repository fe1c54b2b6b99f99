/**
 * What one look of the scheduler costs in the product, database and all: a backlog of waiting items with an agent in every
 * place; again and again one item is done and the next is started. Beside it, in turns, a scheduler that has kept nothing
 * and reads everything, as after a restart.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { eq, inArray } from 'drizzle-orm'
import { pino } from 'pino'
import { readEnv } from '../src/config/env.ts'
import { openStore, type Store } from '../src/db/connect.ts'
import { setBlockerState } from '../src/db/dependencies.ts'
import { getRepository, saveRepository } from '../src/db/repositories.ts'
import { repositories } from '../src/db/schema/repositories.ts'
import { runs } from '../src/db/schema/runs.ts'
import { dependencies, workItems } from '../src/db/schema/work-items.ts'
import { jobs } from '../src/jobs.ts'
import { randomInt, seeded } from '../src/scheduler/optimiser/random.ts'
import { Scheduler } from '../src/scheduling/scheduler.ts'

export const about = 'one look of the scheduler, database and all, beside one that reads everything'

const log = pino({ level: 'silent' })
const places = 4

/** `npm run bench -- look [--items N,N…] [--looks N] [--json]`; on Postgres where DATABASE_URL names an empty database. */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '200,2000,20000' },
      looks: { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  })
  const sizes = []
  for (const items of values.items.split(',').map(Number)) sizes.push(await measure(items, Number(values.looks)))
  if (values.json) process.stdout.write(`${JSON.stringify({ sizes })}\n`)
  else {
    const rows = sizes.flatMap(({ items, kept, anew }) => [
      [`${items} items, kept`, kept],
      [`${items} items, read anew`, anew],
    ])
    console.table(Object.fromEntries(rows))
  }
}

async function measure(items: number, looks: number) {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: process.env.DATABASE_URL || undefined,
    directory,
    log,
  })
  try {
    await fill(store, items)
    const env = readEnv({ MAX_AGENTS: String(places), AGENT: 'scripted' })
    const scheduler = () => new Scheduler({ store, env, log, freeMemory: () => 2 ** 36 })
    const kept = scheduler()
    await kept.dispatch()
    const [live, anew]: [Time[], Time[]] = [[], []]
    for (let pass = 0; pass < looks; pass++) {
      await finishOne(store)
      live.push(await timed(() => kept.dispatch()))
      if (pass % 4 > 0) continue
      await finishOne(store)
      const other = scheduler()
      anew.push(await timed(() => other.dispatch()))
      await other.close()
    }
    await kept.close()
    return { items, kept: summary(live), anew: summary(anew) }
  } finally {
    // On Postgres the next size is measured in the same database: what stands here must not count there.
    await store.db.update(repositories).set({ state: 'gone' })
    await store.db.update(runs).set({ stage: 'ended' })
    await store.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Waiting items in one repository; each names up to three earlier ones that it depends on. */
async function fill(store: Store, items: number): Promise<void> {
  const facts = { githubId: items, installationId: 1, fullName: `bench/app-${items}`, private: true }
  const repo = await saveRepository(store.db, { ...facts, cloneUrl: '', defaultBranch: 'main' })
  const random = seeded(items)
  const many = async <T>(of: T[], insert: (some: T[]) => Promise<unknown>) => {
    for (let from = 0; from < of.length; from += 1_000) await insert(of.slice(from, from + 1_000))
  }
  const rows = Array.from({ length: items }, (_, at) => ({
    repositoryId: repo.id,
    issueNumber: at + 1,
    title: `Item ${at + 1}`,
    state: 'ready' as const,
    priority: randomInt(random, 4),
    module: `issue-${at + 1}`,
    branch: `module/issue-${at + 1}`,
    baseBranch: 'main',
    requestedBy: 'bench',
    requestedById: 1,
    quiet: true,
  }))
  const ids: number[] = []
  await many(rows, async (some) => {
    ids.push(...(await store.db.insert(workItems).values(some).returning({ id: workItems.id })).map(({ id }) => id))
  })
  const edges = ids.flatMap((dependentId, at) =>
    Array.from({ length: at < 100 ? 0 : randomInt(random, 4) }, () => ({
      dependentId,
      repository: `bench/app-${items}`,
      issueNumber: 1 + randomInt(random, at),
      source: 'body' as const,
      blocker: 'open' as const,
    })),
  )
  await many(edges, (some) => store.db.insert(dependencies).values(some).onConflictDoNothing())
}

/** An item that an agent works on is done, as `tidy` and the webhook of the closed issue leave it. */
async function finishOne(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    const [run] = await tx.db
      .select()
      .from(runs)
      .where(inArray(runs.stage, ['waiting', 'agent']))
      .limit(1)
    if (!run) throw new Error('nothing is at work: the backlog is too small for so many looks')
    const [item] = await tx.db.select().from(workItems).where(eq(workItems.id, run.workItemId))
    const endedAt = new Date()
    await tx.db
      .update(runs)
      .set({ stage: 'ended', startedAt: new Date(endedAt.getTime() - 3_600_000), endedAt })
      .where(eq(runs.id, run.id))
    await tx.db.update(workItems).set({ state: 'done', doneAt: endedAt }).where(eq(workItems.id, run.workItemId))
    if (item) await setBlockerState(tx, await nameOf(tx.db, item.repositoryId), item.issueNumber, 'closed')
  })
}

async function nameOf(db: Store['db'], repositoryId: number): Promise<string> {
  const repo = await getRepository(db, repositoryId)
  return repo?.fullName ?? ''
}

interface Time {
  wall: number
  /** Of this process: what others do on the machine does not count, nor what Postgres does. */
  cpu: number
}

async function timed(work: () => Promise<void>): Promise<Time> {
  const [begin, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wall: performance.now() - begin, cpu: (user + system) / 1_000 }
}

/** In milliseconds. */
function summary(times: readonly Time[]) {
  const [wall, cpu] = [times.map((time) => time.wall), times.map((time) => time.cpu)]
  return { p50: percentile(wall, 50), p95: percentile(wall, 95), cpu50: percentile(cpu, 50) }
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0) * 10) / 10
}
