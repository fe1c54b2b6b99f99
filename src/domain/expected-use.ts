/** What the next run of a kind of agent is expected to use, from runs that have ended. */

import type { RunPurpose } from './run-purpose.ts'

/** A run that has ended, and what it has used of something: millionths of a currency, or tokens. */
export interface PastUse {
  agent: string
  purpose: RunPurpose
  /** The effort label or estimate of its item. */
  effort: string | null
  used: number
}

/** A kind is estimated from this many of its newest runs. */
const runsPerKind = 20
/** Fewer runs of one size than this say less than all runs of the kind. */
const fewestOfSize = 3

/** Runs of one size are expected to use the same: by purpose, and those that build by the effort of the item. */
export function sizeOfRun(purpose: RunPurpose, effort: string | null): string {
  if (purpose === 'build') return effort ?? 'build'
  return purpose === 'review' || purpose === 'propose' ? purpose : 'plan'
}

/**
 * The median of the newest runs, by `<kind>`, and by `<kind> <size>` where there are enough of that size. Pure.
 * @param past newest first.
 */
export function expectedUse(past: readonly PastUse[]): Record<string, number> {
  const bySize = Map.groupBy(past, ({ agent, purpose, effort }) => `${agent} ${sizeOfRun(purpose, effort)}`)
  const byKind = Map.groupBy(past, ({ agent }) => agent)
  return Object.fromEntries(
    [...byKind, ...[...bySize].filter(([, runs]) => runs.length >= fewestOfSize)].map(([key, runs]) => [
      key,
      median(runs.slice(0, runsPerKind).map(({ used }) => used)),
    ]),
  )
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return Math.round(((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2)
}
