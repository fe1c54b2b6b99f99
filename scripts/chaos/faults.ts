/** What goes wrong: processes and the database die, connections are cut, deliveries and answers are lost, doubled and reordered. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type OwnPostgres, type WayToEnd, waysToEnd } from './own-postgres.ts'
import { createPace, type Pace } from './pace.ts'
import type { Random } from './random.ts'
import type { TuttiProcess } from './tutti.ts'
import type { ChaosWorld } from './world.ts'

/** How often each fault happened. */
export interface FaultCounts {
  /** `kill -9` of a process of Tutti, and SIGTERM. */
  kills: number
  stops: number
  /** Ends of a process by itself, since its database was away; it is started again. */
  ends: number
  /** Ends of the database server, each followed by its start. */
  restarts: number
  /** Connections that were ended while the server went on. */
  cuts: number
  deliveries: number
  answers: number
}

export interface FaultOptions {
  random: Random
  /** How many in the whole run; at random times without it. */
  kills: number | undefined
  restarts: number | undefined
  /** The share of the work that is done, from 0 to 1. */
  done: () => number
}

/** Shares of all deliveries that go wrong, each in its way. */
const deliveryFaults = [
  [0.03, { kind: 'drop' }],
  [0.02, { kind: 'lose' }],
  [0.03, { kind: 'duplicate' }],
  [0.02, { kind: 'new-guid' }],
  [0.01, { kind: 'reorder', count: 2 }],
] as const

/** Shares of all API calls that go wrong. */
const answerFaults = [
  [0.01, { kind: 'apply-then-drop' }],
  [0.01, { kind: 'status', status: 502, body: 'html' }],
  [0.005, { kind: 'reset' }],
  [0.02, { kind: 'latency', ms: 400 }],
] as const

export interface RunningFaults {
  counts: FaultCounts
  /** How often the server was ended in each way. */
  ways: Record<WayToEnd, number>
  /** Resolves when the fact holds; faults go on until then. @throws when something that was ended does not start again. */
  until(fact: () => boolean): Promise<void>
  /** Ends all faults; Tutti runs afterwards, and is not disturbed any more. */
  end(): Promise<void>
}

/** Starts Tutti, and everything that disturbs it. */
export function startFaults(world: ChaosWorld, options: FaultOptions): RunningFaults {
  const { random, kills, restarts, done } = options
  const counts: FaultCounts = { kills: 0, stops: 0, ends: 0, restarts: 0, cuts: 0, deliveries: 0, answers: 0 }
  const ways = { immediate: 0, fast: 0, postmaster: 0, backend: 0 }
  const ended = new AbortController()
  const { faults } = world.github
  const rules = [
    ...deliveryFaults.map(([share, fault]) => faults.deliveries({ match: () => random.chance(share), fault })),
    ...answerFaults.map(([share, fault]) => faults.api({ match: () => random.chance(share), fault })),
  ]
  // Held deliveries go on when there are no others that could overtake them.
  const releasing = setInterval(() => {
    for (const rule of rules) rule.release()
  }, 2_000)
  const now = () => performance.now()
  const disturbance = (wanted: number | undefined) => ({
    ...{ random, counts, ways, signal: ended.signal },
    pace: createPace({ wanted, done, now }),
  })
  const killing = disturbance(kills)
  const loops = [
    ...world.processes.map((tutti) => killAgainAndAgain(tutti, killing)),
    cutNowAndThen(world, disturbance(undefined)),
    ...(world.postgres ? [restartNowAndThen(world.postgres, disturbance(restarts))] : []),
  ]
  // A loop ends with the run alone, or with an error.
  let problem: { error: unknown } | undefined
  for (const loop of loops) loop.catch((error: unknown) => (problem ??= { error }))
  return {
    counts,
    ways,
    until: async (fact) => {
      while (!fact()) {
        if (problem) throw problem.error
        await sleep(250)
      }
    },
    end: async () => {
      ended.abort()
      await Promise.all(loops)
      clearInterval(releasing)
      counts.deliveries = rules.slice(0, deliveryFaults.length).reduce((sum, rule) => sum + rule.fired, 0)
      counts.answers = rules.slice(deliveryFaults.length).reduce((sum, rule) => sum + rule.fired, 0)
      for (const rule of rules) rule.remove()
    },
  }
}

interface Disturbance {
  random: Random
  counts: FaultCounts
  ways: Record<WayToEnd, number>
  pace: Pace
  signal: AbortSignal
}

/**
 * 0.3 to 6 seconds after it has begun to serve, whatever it is doing, and one time in four already while it starts: most
 * often without a warning, once in ten with one. Counted from the start alone, a busy machine would never get to serve.
 */
async function killAgainAndAgain(tutti: TuttiProcess, { random, counts, pace, signal }: Disturbance) {
  let serving = tutti.start()
  for (;;) {
    const inItsStart = random.chance(0.25)
    if (!inItsStart) await serving
    // One that has ended by itself is started again, as a supervisor does.
    const due = await until(() => inItsStart || !tutti.isAlive() || pace.take(), signal)
    if (!due || !(await waited(random.between(300, 6_000), signal))) break
    const politely = random.chance(0.1)
    if (!(await tutti.kill(politely ? 'SIGTERM' : 'SIGKILL'))) counts.ends++
    else counts[politely ? 'stops' : 'kills']++
    if (inItsStart) pace.count()
    serving = tutti.start()
  }
  await serving
  if (!tutti.isAlive()) await tutti.start()
}

async function cutNowAndThen(world: ChaosWorld, { random, counts, signal }: Disturbance) {
  // Where the server itself dies, each of its ends is a cut of all connections.
  const longestMs = world.postgres ? 60_000 : 15_000
  while (await waited(random.between(2_000, longestMs), signal))
    counts.cuts += await world.cutConnections(() => random.chance(0.5))
}

async function restartNowAndThen(postgres: OwnPostgres, { random, counts, ways, pace, signal }: Disturbance) {
  while ((await until(pace.take, signal)) && (await waited(random.between(300, 12_000), signal))) {
    const way = waysToEnd[Math.floor(random.between(0, waysToEnd.length))] ?? 'immediate'
    await postgres.restart(way)
    counts.restarts++
    ways[way]++
  }
}

/** False when it is over before the fact holds. */
async function until(fact: () => boolean, signal: AbortSignal): Promise<boolean> {
  while (!fact()) if (!(await waited(100, signal))) return false
  return true
}

/** False when it is over. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false)
}
