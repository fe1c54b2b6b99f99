/**
 * `npm run chaos -- --seed S --items N --for 10m [--json]`: a whole world is driven while its processes are killed, its
 * database connections are cut, and deliveries and answers are lost, doubled and reordered. At the end the facts are
 * counted at GitHub: one pull request, one status comment and one merge for each issue, and nothing left behind.
 * The last line of `--json` is `{"kills","lost","doubled","stuck","seconds"}` and what else was counted.
 *
 * `npm run chaos -- --sweep [--points N] --database URL`: one kill at each durable step of a journey, or at N of them;
 * see chaos/sweep.ts.
 *
 * `npm run chaos -- --upgrade [--from COMMIT] [--items N] --database URL`: an earlier version and this one on one database;
 * see chaos/upgrade.ts.
 *
 * `npm run chaos -- --embedded [--kills N]`: the embedded database alone, killed at N writes to a file; see chaos/embedded.ts.
 */

import { killEmbedded } from './chaos/embedded.ts'
import { countFacts } from './chaos/facts.ts'
import { startFaults } from './chaos/faults.ts'
import { startPeople } from './chaos/people.ts'
import { createRandom, type Random } from './chaos/random.ts'
import { type StatementProxy, startStatementProxy } from './chaos/statement-proxy.ts'
import { type CrashPoint, nameOf, sweep } from './chaos/sweep.ts'
import { upgrade } from './chaos/upgrade.ts'
import { openChaosWorld } from './chaos/world.ts'
import { readOptions, refuse } from './command-line.ts'

const usage = `usage: npm run chaos -- [--seed S] [--items N] [--for 10m] [--database URL] [--json]
       npm run chaos -- --sweep [--points N] [--seed S] --database URL [--json]
       npm run chaos -- --upgrade [--from COMMIT] [--items N] --database URL [--json]
       npm run chaos -- --embedded [--kills N] [--seed S] [--json]`

/** `90`, `90s`, `10m` or `2h`, in milliseconds. */
function duration(text: string): number {
  const found = /^(\d+)(s|m|h)?$/.exec(text)
  if (!found) refuse(`--for takes a time like 90s, 10m or 2h, not ${JSON.stringify(text)}`, usage)
  const unit = found[2] === 'h' ? 3_600_000 : found[2] === 'm' ? 60_000 : 1_000
  return Number(found[1]) * unit
}

type Arguments = ReturnType<typeof readArguments>

function readArguments() {
  const values = readOptions(usage, {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    items: { type: 'string', default: '50' },
    for: { type: 'string', default: '10m' },
    database: { type: 'string' },
    json: { type: 'boolean', default: false },
    sweep: { type: 'boolean', default: false },
    points: { type: 'string' },
    upgrade: { type: 'boolean', default: false },
    from: { type: 'string' },
    embedded: { type: 'boolean', default: false },
    kills: { type: 'string', default: '200' },
  })
  const [seed, items] = [Number(values.seed), Number(values.items)]
  if (!Number.isSafeInteger(seed)) refuse('--seed takes a whole number', usage)
  if (!Number.isSafeInteger(items) || items < 1) refuse('--items takes a whole number from 1', usage)
  const points = values.points === undefined ? undefined : Number(values.points)
  if (points !== undefined && (!Number.isSafeInteger(points) || points < 1))
    refuse('--points takes a whole number from 1', usage)
  if (values.sweep && !values.database)
    refuse('--sweep needs --database: the steps are seen in the conversation with a Postgres', usage)
  if (values.upgrade && !values.database)
    refuse('--upgrade needs --database: an embedded database serves one process', usage)
  const kills = Number(values.kills)
  if (!Number.isSafeInteger(kills) || kills < 1) refuse('--kills takes a whole number from 1', usage)
  const { database, json, sweep, upgrade, from, embedded } = values
  return { seed, items, forMs: duration(values.for), database, json, sweep, points, upgrade, from, embedded, kills }
}

/** Faults go on until everything is merged or the time is half over; then it must come to rest in what is left. */
async function chaos({ seed, items, forMs, database, json }: Arguments): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  say(`seed ${seed}, ${items} issues, at most ${Math.round(forMs / 60_000)} minutes`)
  const random = createRandom(seed)
  const world = await openChaosWorld({ items, database })
  const start = performance.now()
  const faults = startFaults(world, random)
  const people = startPeople(world, random)
  const progress = setInterval(() => {
    const { merged } = countFacts(world)
    say(`${Math.round((performance.now() - start) / 1_000)} s: ${merged} merged, ${faults.counts.kills} kills`)
  }, 10_000)
  try {
    const rested = () => countFacts(world).resting === items
    await faults.until(() => rested() || performance.now() - start > forMs / 2)
    await faults.end()
    const quietFrom = performance.now()
    await world.github.until(rested, 'every issue to come to rest', forMs / 2).catch(() => {})
    const quietAfter = Math.round((performance.now() - quietFrom) / 1_000)
    await people.end()
    await world.stop()
    const { lost, doubled, stuck, details } = countFacts(world)
    for (const detail of [...details, ...(await world.leftovers())]) say(detail)
    const seconds = Math.round((performance.now() - start) / 1_000)
    const left = (await world.leftovers()).length
    const result = {
      ...faults.counts,
      lost,
      doubled,
      stuck,
      left,
      seconds,
      quietAfter,
      askedAgain: people.askedAgain(),
      seed,
      items,
    }
    writeResult(result, json)
    if (lost + doubled + stuck + left > 0) {
      process.exitCode = 1
      process.stderr.write(`the log of Tutti is kept in ${await world.keepLog(seed)}\n`)
    }
  } finally {
    clearInterval(progress)
    await world.close()
  }
}

/** One kill at each durable step. */
async function sweepSteps({ seed, database = '', points, json }: Arguments): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const random = createRandom(seed)
  const start = performance.now()
  let proxy: StatementProxy | undefined
  const through = async (url: string) => {
    proxy = await startStatementProxy(url)
    return proxy.url
  }
  const world = await openChaosWorld({ items: 0, database, through })
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
    process.stderr.write(`the log of Tutti is kept in ${await world.keepLog(seed)}\n`)
  } finally {
    await world.close()
    await proxy?.close()
  }
}

/** An earlier version, this one beside it, and this one alone. */
async function upgradeAndCount({ seed, items, from, database = '', json }: Arguments): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  const { counts, details } = await upgrade({ database, items, from, random: createRandom(seed), say })
  for (const detail of details) say(detail)
  writeResult({ ...counts }, json)
  if (counts.lost + counts.doubled + counts.stuck + counts.left + counts.errors > 0 || !counts.refused)
    process.exitCode = 1
}

/** The embedded database alone; a tenth of the kills come while it is made. */
async function killEmbeddedAndCount({ seed, kills, json }: Arguments): Promise<void> {
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

const given = readArguments()
const modes: [boolean, (given: Arguments) => Promise<void>][] = [
  [given.sweep, sweepSteps],
  [given.upgrade, upgradeAndCount],
  [given.embedded, killEmbeddedAndCount],
  [true, chaos],
]
await modes.find(([asked]) => asked)?.[1](given)
