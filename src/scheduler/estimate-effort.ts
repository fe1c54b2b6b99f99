/** How long an item will take, from its label, its plan, or what similar items took. */
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
  /** What was thought before, in hours. */
  estimate?: number
}

/** An item that is to be estimated. */
export type EffortQuestion = {
  repository: string
  module?: string
  agentKind: string
  labels: readonly string[]
  /** Hours that a plan gives. */
  planned?: number
}

export type EffortAnswer = {
  hours: number
  from: 'label' | 'plan' | 'similar' | 'default'
  /** How many finished items stand behind it. */
  samples: number
}

/** Fewer finished items than this say nothing about the next one. */
const FEWEST = 3

/**
 * A label outranks a plan, because a person set it; a plan outranks history. Of history, the narrowest group with at
 * least 3 finished items counts: same module and kind of agent, same module, same kind in the repository, the repository.
 * The median, because one item that went wrong must not make its neighbours long.
 */
export function estimateEffort(question: EffortQuestion, samples: readonly EffortSample[]): EffortAnswer {
  const label = effortLabel(question.labels)
  if (label) return { hours: effortHours[label], from: 'label', samples: 0 }
  if (question.planned !== undefined && question.planned > 0)
    return { hours: question.planned, from: 'plan', samples: 0 }
  const here = samples.filter((sample) => sample.repository === question.repository && sample.hours > 0)
  const module = here.filter((sample) => question.module !== undefined && sample.module === question.module)
  const kind = (group: readonly EffortSample[]) => group.filter((sample) => sample.agentKind === question.agentKind)
  for (const group of [kind(module), module, kind(here), here]) {
    if (group.length < FEWEST) continue
    return { hours: median(group.map((sample) => sample.hours)), from: 'similar', samples: group.length }
  }
  return { hours: effortHours.M, from: 'default', samples: 0 }
}

/** The size in `effort:S` to `effort:XL`; the largest where there are several. */
export function effortLabel(labels: readonly string[]): EffortSize | undefined {
  const sizes = ['XL', 'L', 'M', 'S'] as const
  return sizes.find((size) => labels.includes(`effort:${size}`))
}

/**
 * How far estimates were off: the root mean square of the logarithms of hours taken / estimate.
 * @returns undefined with fewer than 3 finished items that had an estimate.
 */
export function estimateSpread(samples: readonly EffortSample[]): number | undefined {
  const logs = samples.flatMap(({ hours, estimate }) =>
    estimate !== undefined && estimate > 0 && hours > 0 ? [Math.log(hours / estimate)] : [],
  )
  if (logs.length < FEWEST) return undefined
  return Math.sqrt(logs.reduce((sum, log) => sum + log * log, 0) / logs.length)
}

/**
 * Hours of the clock behind one hour of our labels and plans: people think in their own hours, and agents are quicker.
 * Without it, what similar items took could not be compared with what a label says.
 * @returns the median of hours taken / expected (an M where nothing was), or 1 with fewer than 3 finished items.
 */
export function paceOf(samples: readonly EffortSample[]): number {
  const taken = samples.filter(({ hours }) => hours > 0)
  if (taken.length < FEWEST) return 1
  return median(taken.map(({ hours, estimate }) => hours / (estimate || effortHours.M)))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}
