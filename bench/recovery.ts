/**
 * How soon work goes on after `kill -9` with many items in flight (Postgres): Tutti is started again at once, as a service
 * manager does. Measured from the kill: until webhooks are taken, until no run of the dead process is left, until as many
 * agents as before are at work again.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type OwnDatabase, ownDatabase } from './lib/own-database.ts'
import { percentile } from './lib/percentile.ts'
import { type ServedWorld, startServedWorld } from './lib/served-world.ts'

export const about = 'time until work goes on after kill -9 with many items in flight (Postgres)'

const agents = 4
const pollMs = 20
/** Labels on their way at once; more would only wait in line. */
const together = 8

/** In milliseconds after the kill. */
interface Recovery {
  serves: number
  takenOver: number
  atWork: number
}

/** `npm run bench -- recovery [--items N] [--rounds N] [--json]` */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  })
  const database = await ownDatabase()
  if (!database) throw new Error('recovery needs a Postgres: set DATABASE_URL')
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  try {
    const world = await startServedWorld({
      directory,
      script: 'sleep 3600',
      settings: `limits: { agents: ${agents} }\n`,
      // The limits of GitHub.com would have a thousand status comments take hours.
      env: { DATABASE_URL: database.url, API_LIMIT_FACTOR: '0', MAX_AGENTS: String(agents) },
      rateLimit: 1_000_000,
    })
    try {
      await labelMany(world, Number(values.items))
      await until(() => inFlight(database), Number(values.items))
      const rounds: Recovery[] = []
      for (let round = 0; round < Number(values.rounds); round++) {
        await until(() => working(database), agents)
        rounds.push(await recover(world, database))
      }
      report(rounds, Number(values.items), values.json)
    } finally {
      await world.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    await database[Symbol.asyncDispose]()
  }
}

async function labelMany({ maintainer, repository }: ServedWorld, count: number): Promise<void> {
  let left = count
  const worker = async () => {
    while (left > 0) {
      left -= 1
      const issue = await maintainer.createIssue(repository, { title: 'Work', body: 'Write something.' })
      await maintainer.addLabels(repository, issue.number, ['tutti'])
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
}

async function recover(world: ServedWorld, database: OwnDatabase): Promise<Recovery> {
  const before = await database.query<{ id: number }>("select id from runs where stage <> 'ended'")
  const old = before.map(({ id }) => id).join(', ')
  const start = performance.now()
  const serving = world.killAndStart().then(() => performance.now() - start)
  await until(() => count(database, `select count(*) from runs where stage <> 'ended' and id in (${old})`), 0)
  const takenOver = performance.now() - start
  await until(() => working(database), agents)
  const atWork = performance.now() - start
  return { serves: await serving, takenOver, atWork }
}

const inFlight = (database: OwnDatabase) =>
  count(database, "select count(*) from work_items where state in ('ready', 'running')")
const working = (database: OwnDatabase) => count(database, "select count(*) from runs where stage = 'agent'")

async function count(database: OwnDatabase, text: string): Promise<number> {
  const [row] = await database.query<{ count: string }>(text)
  return Number(row?.count)
}

async function until(ask: () => Promise<number>, wanted: number): Promise<void> {
  while ((await ask()) !== wanted) await sleep(pollMs)
}

function report(rounds: readonly Recovery[], items: number, json: boolean): void {
  const of = (name: keyof Recovery) => {
    const all = rounds.map((one) => Math.round(one[name]))
    return { p50: percentile(all, 50), max: Math.max(...all) }
  }
  const result = {
    items,
    rounds: rounds.length,
    serves: of('serves'),
    takenOver: of('takenOver'),
    atWork: of('atWork'),
  }
  if (json) {
    console.log(JSON.stringify(result))
    return
  }
  console.log(
    `${items} items in flight, ${agents} of them with an agent; kill -9, ${rounds.length} times. From the kill:`,
  )
  console.log(`  webhooks are taken            p50 ${result.serves.p50} ms, at most ${result.serves.max} ms`)
  console.log(`  no run of the dead is left    p50 ${result.takenOver.p50} ms, at most ${result.takenOver.max} ms`)
  console.log(`  all agents are at work again  p50 ${result.atWork.p50} ms, at most ${result.atWork.max} ms (aim 5000)`)
}
