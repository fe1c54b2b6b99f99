/**
 * The cost of one scheduler pass with its database: a backlog of waiting items, and the maximum number of agents.
 * Repeatedly one item is done and the next one starts. Every fourth pass is also measured with a new scheduler that
 * reads the whole backlog, as after a restart.
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
import { percentile } from './lib/percentile.ts'

export const about = 'one scheduler pass with its database, compared with a pass that reads the whole backlog'

const log = pino({ level: 'silent' })
const maxAgents = 4

/**
 * `npm run bench -- pass [--items N,N…] [--passes N] [--json]`; on Postgres if DATABASE_URL names an empty database.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '200,2000,20000' },
      passes: { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  })
  const sizes = []
  for (const items of values.items.split(',').map(Number)) sizes.push(await measure(items, Number(values.passes)))
  if (values.json) process.stdout.write(`${JSON.stringify({ sizes })}\n`)
  else {
    const rows = sizes.flatMap(({ items, kept, reloaded }) => [
      [`${items} items, kept`, kept],
      [`${items} items, reloaded`, reloaded],
    ])
    console.table(Object.fromEntries(rows))
  }
}

async function measure(items: number, passes: number) {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: process.env.DATABASE_URL || undefined,
    directory,
    log,
  })
  try {
    await fill(store, items)
    const env = readEnv({ MAX_AGENTS: String(maxAgents), AGENT: 'scripted' })
    const scheduler = () => new Scheduler({ store, env, log, freeMemory: () => 2 ** 36 })
    const kept = scheduler()
    await kept.dispatch()
    const [live, reloaded]: [Time[], Time[]] = [[], []]
    for (let pass = 0; pass < passes; pass++) {
      await finishOne(store)
      live.push(await timed(() => kept.dispatch()))
      if (pass % 4 > 0) continue
      await finishOne(store)
      const restarted = scheduler()
      reloaded.push(await timed(() => restarted.dispatch()))
      await restarted.close()
    }
    await kept.close()
    return { items, kept: summary(live), reloaded: summary(reloaded) }
  } finally {
    // On Postgres the next size is measured in the same database: these rows must not count there.
    await store.db.update(repositories).set({ state: 'gone' })
    await store.db.update(runs).set({ stage: 'ended' })
    await store.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Adds waiting items in one repository. Each depends on up to three earlier ones. */
async function fill(store: Store, items: number): Promise<void> {
  const facts = { githubId: items, installationId: 1, fullName: `bench/app-${items}`, private: true }
  const repo = await saveRepository(store.db, { ...facts, cloneUrl: '', defaultBranch: 'main' })
  const random = seeded(items)
  const inChunks = async <T>(rows: T[], insert: (chunk: T[]) => Promise<unknown>) => {
    for (let from = 0; from < rows.length; from += 1_000) await insert(rows.slice(from, from + 1_000))
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
    muted: true,
  }))
  const ids: number[] = []
  await inChunks(rows, async (chunk) => {
    ids.push(...(await store.db.insert(workItems).values(chunk).returning({ id: workItems.id })).map(({ id }) => id))
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
  await inChunks(edges, (chunk) => store.db.insert(dependencies).values(chunk).onConflictDoNothing())
}

/** Finishes a running item: writes the rows that the clean-up and the webhook of the closed issue would write. */
async function finishOne(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    const [run] = await tx.db
      .select()
      .from(runs)
      .where(inArray(runs.stage, ['waiting', 'agent']))
      .limit(1)
    if (!run) throw new Error('no agent is running: the backlog is too small for this many passes')
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
  /** Processor time of this process, without other processes and Postgres. */
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
  const tenth = (value: number) => Math.round(value * 10) / 10
  return { p50: tenth(percentile(wall, 50)), p95: tenth(percentile(wall, 95)), cpu50: tenth(percentile(cpu, 50)) }
}
