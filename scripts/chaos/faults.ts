/** What goes wrong: processes die, connections are cut, deliveries and answers are lost, doubled and reordered. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { ChaosWorld } from './world.ts'

/** How often each fault happened. */
export interface FaultCounts {
  kills: number
  stops: number
  cuts: number
  deliveries: number
  answers: number
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
  /** Resolves when the fact holds; faults go on until then. */
  until(fact: () => boolean): Promise<void>
  /** Ends all faults; Tutti runs afterwards, and is not disturbed any more. */
  end(): Promise<void>
}

/** Starts Tutti, and everything that disturbs it. */
export function startFaults(world: ChaosWorld, random: Random): RunningFaults {
  const counts: FaultCounts = { kills: 0, stops: 0, cuts: 0, deliveries: 0, answers: 0 }
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
  const loops = [
    killAgainAndAgain(world, random, counts, ended.signal),
    cutNowAndThen(world, random, counts, ended.signal),
  ]
  return {
    counts,
    until: async (fact) => {
      while (!fact()) await sleep(250)
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

/**
 * 0.3 to 6 seconds after it has begun to serve, whatever it is doing, and one time in four already while it starts: most
 * often without a warning, once in ten with one. Counted from the start alone, a busy machine would never get to serve.
 */
async function killAgainAndAgain(world: ChaosWorld, random: Random, counts: FaultCounts, signal: AbortSignal) {
  for (;;) {
    const serving = world.start()
    if (!random.chance(0.25)) await serving
    if (!(await waited(random.between(300, 6_000), signal))) return void (await serving)
    const politely = random.chance(0.1)
    await world.kill(politely ? 'SIGTERM' : 'SIGKILL')
    counts[politely ? 'stops' : 'kills']++
  }
}

async function cutNowAndThen(world: ChaosWorld, random: Random, counts: FaultCounts, signal: AbortSignal) {
  while (await waited(random.between(2_000, 15_000), signal))
    counts.cuts += await world.cutConnections(() => random.chance(0.5))
}

/** False when it is over. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false)
}
