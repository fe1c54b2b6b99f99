/**
 * A whole world under random faults. At the end the facts are counted at GitHub: one pull request, one status comment and one
 * merge for each issue, and nothing left behind.
 */

import { countFacts, watchRest } from './facts.ts'
import { type RunningFaults, startFaults } from './faults.ts'
import { type People, startPeople } from './people.ts'
import { createRandom } from './random.ts'
import type { ProcessRole } from './tutti.ts'
import { type ChaosWorld, openChaosWorld } from './world.ts'

export interface RandomFaultsOptions {
  seed: number
  items: number
  /** The longest time, in ms. Half of it, or `quietMs`, is for coming to rest. */
  forMs: number
  database: string | undefined
  ownPostgres: boolean
  repositories: number
  roles: readonly ProcessRole[]
  atOnce: number | undefined
  kills: number | undefined
  restarts: number | undefined
  /** Ends the faults before the time is over; what was begun comes to rest and is counted. */
  signal: AbortSignal
  say: (text: string) => void
}

/** The longest time without faults at the end, in ms. */
const quietMs = 600_000
/** How often the log says how far it is, in ms. */
const sayEveryMs = 10_000

/** Faults go on until every issue rests or the time is over but for the quiet part, in which no issue is begun any more. */
export async function runWithFaults(
  options: RandomFaultsOptions,
): Promise<{ counts: Record<string, number>; wrong: boolean }> {
  const { seed, items, forMs, ownPostgres, database, repositories, roles, say } = options
  say(`seed ${seed}, ${items} issues, at most ${Math.round(forMs / 60_000)} minutes`)
  const random = createRandom(seed)
  const world = await openChaosWorld({ database: ownPostgres ? 'own' : database, repositories, roles })
  try {
    const resting = watchRest(world)
    const done = () => resting() / items
    const faults = startFaults(world, { random, done, kills: options.kills, restarts: options.restarts })
    const people = startPeople(world, { random, items, atOnce: options.atOnce })
    return await drive({ world, faults, people, resting }, options)
  } finally {
    await world.close()
  }
}

interface Driven {
  world: ChaosWorld
  faults: RunningFaults
  people: People
  resting: () => number
}

async function drive(
  { world, faults, people, resting }: Driven,
  { items, forMs, seed, signal, say }: RandomFaultsOptions,
) {
  const start = performance.now()
  const passed = () => performance.now() - start
  const seconds = () => Math.round(passed() / 1_000)
  const progress = setInterval(() => {
    const { kills, restarts } = faults.counts
    say(`${seconds()} s: ${resting()} of ${world.issues.length} at rest, ${kills} kills, ${restarts} restarts`)
  }, sayEveryMs)
  try {
    const quiet = Math.min(forMs / 2, quietMs)
    const rested = () => people.labelledAll() && resting() === world.issues.length
    await faults.until(() => rested() || signal.aborted || passed() > forMs - quiet)
    people.stopLabelling()
    await faults.end()
    const quietFrom = passed()
    await world.github.until(rested, 'every issue to come to rest', quiet).catch(() => {})
    const quietAfter = Math.round((passed() - quietFrom) / 1_000)
    await people.end()
    await world.stop()
    const { lost, doubled, stuck, details } = countFacts(world)
    const left = await world.leftovers()
    for (const detail of [...details, ...left]) say(detail)
    if (world.postgres) say(`the database server was ended: ${inWords(faults.ways)}`)
    const why = signal.aborted ? 'it was ended' : 'the time was over'
    if (world.issues.length < items) say(`${why} before ${items - world.issues.length} issues were begun`)
    const wrong = lost + doubled + stuck + left.length > 0
    if (wrong) say(`the logs are kept in ${world.keep()}`)
    const counts = {
      ...faults.counts,
      ...{ lost, doubled, stuck, left: left.length, seconds: seconds(), quietAfter },
      ...{ askedAgain: people.askedAgain(), seed, items: world.issues.length },
    }
    return { counts, wrong }
  } finally {
    clearInterval(progress)
  }
}

function inWords(numbers: Record<string, number>): string {
  return Object.entries(numbers)
    .map(([name, number]) => `${number} ${name}`)
    .join(', ')
}
