/**
 * A model of items that fail, for `bench/ladder.ts`. All rates are stated here and nowhere else. They are assumptions about
 * the kinds of failure that an item can have, not measurements; the benchmark prints them with its result.
 */

import type { Random } from '../../src/scheduler/optimiser/random.ts'

/** What stands between an item and its merge, hidden from both policies. */
export type Trouble = 'none' | 'kind' | 'plan' | 'tree' | 'impossible' | 'secret'

/** Shares of the items; they add up to 1. */
export const shares: Readonly<Record<Trouble, number>> = {
  /** An attempt usually succeeds. */
  none: 0.7,
  /** The first kind of agent cannot do it, another one can. */
  kind: 0.08,
  /** It does not work the way it was planned. */
  plan: 0.1,
  /** The first failed attempt leaves a tree in which nothing works. */
  tree: 0.08,
  /** Only a person can solve it. */
  impossible: 0.03,
  /** The change holds a secret. */
  secret: 0.01,
}

/** Chances that an attempt fails for a reason that has nothing to do with the work. */
export const accidents = { crashed: 0.06, 'runner lost': 0.05, 'rate limited': 0.05 } as const

/** Chances that an attempt without an accident succeeds: in general, and where its trouble is in the way. */
export const success = { free: 0.7, hindered: 0.03 } as const

/** How often an attempt that is hindered fails in the same way as the one before. */
export const sameAgain = 0.6

/** What an attempt costs, in units of one that reaches the gates. */
export const costs = { reached: 1, crashed: 0.5, 'runner lost': 0.5, 'rate limited': 0.05, planning: 0.3 } as const

export type Outcome = 'finished' | 'gates failed' | 'secret in the change' | keyof typeof accidents

/** An item under way. A policy changes its situation: another kind, a clean tree, another plan. */
export interface SimulatedItem {
  trouble: Trouble
  kind: number
  /** Whether a failed attempt has spoilt the tree. */
  spoilt: boolean
  plan: number
  signature: string
}

/** The next item of a backlog. */
export function drawItem(random: Random): SimulatedItem {
  let rest = random()
  const trouble = (Object.keys(shares) as Trouble[]).find((one) => {
    rest -= shares[one]
    return rest < 0
  })
  return { trouble: trouble ?? 'none', kind: 0, spoilt: false, plan: 0, signature: '' }
}

/** One attempt in the item's situation. Changes the item: its tree may be spoilt, and its failure has a signature. */
export function attempt(item: SimulatedItem, random: Random): { outcome: Outcome; cost: number } {
  let chance = random()
  for (const accident of Object.keys(accidents) as (keyof typeof accidents)[]) {
    chance -= accidents[accident]
    if (chance < 0) return { outcome: accident, cost: costs[accident] }
  }
  if (item.trouble === 'secret') return { outcome: 'secret in the change', cost: costs.reached }
  const hindered = isHindered(item)
  if (random() < (hindered ? success.hindered : success.free)) return { outcome: 'finished', cost: costs.reached }
  const repeats = hindered && item.signature !== '' && random() < sameAgain
  if (!repeats) item.signature = `failure ${Math.floor(random() * 1e9)}`
  if (item.trouble === 'tree') item.spoilt = true
  return { outcome: 'gates failed', cost: costs.reached }
}

function isHindered({ trouble, kind, spoilt, plan }: SimulatedItem): boolean {
  return (
    trouble === 'impossible' ||
    (trouble === 'kind' && kind === 0) ||
    (trouble === 'plan' && plan === 0) ||
    (trouble === 'tree' && spoilt)
  )
}
