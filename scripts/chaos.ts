/**
 * `npm run chaos -- --seed S --items N --for 10m [--json]`: a whole world is driven while its processes are killed, its
 * database connections are cut, and deliveries and answers are lost, doubled and reordered; with `--own-postgres` the
 * database server is killed too. See chaos/random-faults.ts.
 *
 * `npm run chaos -- --sweep [--points N] --database URL`: one kill at each durable step of a journey, or at N of them;
 * see chaos/sweep.ts.
 *
 * `npm run chaos -- --upgrade [--from COMMIT] [--items N] --database URL`: an earlier version and this one on one database;
 * see chaos/upgrade.ts.
 *
 * `npm run chaos -- --embedded [--kills N]`: the embedded database alone, killed at N writes to a file; see chaos/embedded.ts.
 */

import { type ChaosOptions, readChaosOptions } from './chaos/arguments.ts'
import { killEmbedded } from './chaos/embedded.ts'
import { createRandom, type Random } from './chaos/random.ts'
import { runWithFaults } from './chaos/random-faults.ts'
import { type StatementProxy, startStatementProxy } from './chaos/statement-proxy.ts'
import { type CrashPoint, nameOf, sweep } from './chaos/sweep.ts'
import { upgrade } from './chaos/upgrade.ts'
import { openChaosWorld } from './chaos/world.ts'

/** Faults at random times; everything must come to rest in the time that is left after them. */
async function chaos({ json, ...given }: ChaosOptions): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const { counts, wrong } = await runWithFaults({ ...given, signal: endOnSignal(say), say })
  writeResult(counts, json)
  if (wrong) process.exitCode = 1
}

/**
 * SIGUSR2 ends the faults early, and what was begun is counted. No Ctrl-C: a terminal sends that to every process of the run,
 * the database server among them.
 */
function endOnSignal(say: (text: string) => void): AbortSignal {
  const ended = new AbortController()
  say(`kill -USR2 ${process.pid} ends the faults early`)
  process.once('SIGUSR2', () => {
    say('no more faults, no more issues; what was begun comes to rest')
    ended.abort()
  })
  return ended.signal
}

/** One kill at each durable step. */
async function sweepSteps({ seed, database = '', points, json }: ChaosOptions): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const random = createRandom(seed)
  const start = performance.now()
  let proxy: StatementProxy | undefined
  const through = async (url: string) => {
    proxy = await startStatementProxy(url)
    return proxy.url
  }
  const world = await openChaosWorld({ database, through })
  try {
    if (!proxy) throw new Error('there is no database to look at')
    const choose = (all: CrashPoint[]) => (points === undefined ? all : chosen(all, points, random))
    const { missed, details, ...counts } = await sweep(world, proxy, { choose, say })
    for (const point of missed) say(`did not come: ${nameOf(point)}`)
    for (const detail of details) say(detail)
    const left = await world.leftovers()
    for (const one of left) say(one)
    const seconds = Math.round((performance.now() - start) / 1_000)
    writeResult({ ...counts, missed: missed.length, left: left.length, seconds, seed }, json)
    if (counts.lost + counts.doubled + counts.stuck + left.length === 0) return
    process.exitCode = 1
    process.stderr.write(`the log of Tutti is kept in ${world.keep()}\n`)
  } finally {
    await world.close()
    await proxy?.close()
  }
}

/** An earlier version, this one beside it, and this one alone. */
async function upgradeAndCount({ seed, items, from, database = '', json }: ChaosOptions): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const { counts, details } = await upgrade({ database, items, from, random: createRandom(seed), say })
  for (const detail of details) say(detail)
  writeResult({ ...counts }, json)
  if (counts.lost + counts.doubled + counts.stuck + counts.left + counts.errors > 0 || !counts.refused)
    process.exitCode = 1
}

/** The embedded database alone; a tenth of the kills come while it is made. */
async function killEmbeddedAndCount({ seed, kills = 200, json }: ChaosOptions): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const start = performance.now()
  const options = { kills, firstStarts: Math.ceil(kills / 10), random: createRandom(seed), say }
  const { details, ...counts } = await killEmbedded(options)
  for (const detail of details) say(detail)
  writeResult({ ...counts, seconds: Math.round((performance.now() - start) / 1_000), seed }, json)
  if (counts.lost + counts.withoutJob + counts.refused > 0) process.exitCode = 1
}

/** So many of them, in their order. */
function chosen<Point>(all: Point[], count: number, random: Random): Point[] {
  const picked = new Set<number>()
  while (picked.size < Math.min(count, all.length)) picked.add(Math.floor(random.between(0, all.length)))
  return all.filter((_, index) => picked.has(index))
}

function writeResult(result: Record<string, number>, json: boolean): void {
  const words = Object.entries(result).map(([key, value]) => `${key} ${value}`)
  process.stdout.write(`${json ? JSON.stringify(result) : words.join(', ')}\n`)
}

const given = readChaosOptions()
const modes: [boolean, (given: ChaosOptions) => Promise<void>][] = [
  [given.sweep, sweepSteps],
  [given.upgrade, upgradeAndCount],
  [given.embedded, killEmbeddedAndCount],
  [true, chaos],
]
await modes.find(([asked]) => asked)?.[1](given)
