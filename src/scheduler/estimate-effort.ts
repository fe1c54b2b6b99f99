/** Estimates the effort of an item from its label, its plan, or similar finished items. */
import { effortHours } from '../lib/effort-hours.ts'

export type EffortSize = keyof typeof effortHours

/** A finished item. */
export type EffortSample = {
  repository: string
  module?: string
  agentKind: string
  labels: readonly string[]
  /** Agent hours that it took, all attempts together. */
  hours: number
  /** The estimate before it started, in hours. */
  estimate?: number
}

/** An item to estimate. */
export type EffortQuery = {
  repository: string
  module?: string
  agentKind: string
  labels: readonly string[]
  /** The hours in its plan. */
  planned?: number
}

export type EffortEstimate = {
  hours: number
  from: 'label' | 'plan' | 'similar' | 'default'
  /** How many finished items the estimate is based on. */
  samples: number
}

/** Fewer finished items than this are no basis for an estimate. */
const MIN_SAMPLES = 3

/**
 * A label outranks a plan, because a person set it; a plan outranks history. Of history, the narrowest group with at
 * least 3 finished items counts: same module and kind of agent, same module, same kind in the repository, the
 * repository. The median, because one item that went wrong must not lengthen the others.
 */
export function estimateEffort(query: EffortQuery, samples: readonly EffortSample[]): EffortEstimate {
  const label = effortLabel(query.labels)
  if (label) return { hours: effortHours[label], from: 'label', samples: 0 }
  if (query.planned !== undefined && query.planned > 0) return { hours: query.planned, from: 'plan', samples: 0 }
  const here = samples.filter((sample) => sample.repository === query.repository && sample.hours > 0)
  const module = here.filter((sample) => query.module !== undefined && sample.module === query.module)
  const kind = (group: readonly EffortSample[]) => group.filter((sample) => sample.agentKind === query.agentKind)
  for (const group of [kind(module), module, kind(here), here]) {
    if (group.length < MIN_SAMPLES) continue
    return { hours: median(group.map((sample) => sample.hours)), from: 'similar', samples: group.length }
  }
  return { hours: effortHours.M, from: 'default', samples: 0 }
}

/** The size of the labels `effort:S` to `effort:XL`; the largest of several. */
export function effortLabel(labels: readonly string[]): EffortSize | undefined {
  const sizes = ['XL', 'L', 'M', 'S'] as const
  return sizes.find((size) => labels.includes(`effort:${size}`))
}

/**
 * The error of the estimates: the root mean square of the logarithms of hours taken / estimate.
 * @returns undefined with fewer than 3 finished items that had an estimate.
 */
export function estimateSpread(samples: readonly EffortSample[]): number | undefined {
  const logs = samples.flatMap(({ hours, estimate }) =>
    estimate !== undefined && estimate > 0 && hours > 0 ? [Math.log(hours / estimate)] : [],
  )
  if (logs.length < MIN_SAMPLES) return undefined
  return Math.sqrt(logs.reduce((sum, log) => sum + log * log, 0) / logs.length)
}

/**
 * Hours by the clock for one hour of a label or a plan: people estimate in their own hours, and agents are faster.
 * Without this factor the hours of finished items could not be compared with a label.
 * @returns the median of hours taken / estimate (an M without estimate), or 1 with fewer than 3 finished items.
 */
export function paceOf(samples: readonly EffortSample[]): number {
  const taken = samples.filter(({ hours }) => hours > 0)
  if (taken.length < MIN_SAMPLES) return 1
  return median(taken.map(({ hours, estimate }) => hours / (estimate || effortHours.M)))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}
