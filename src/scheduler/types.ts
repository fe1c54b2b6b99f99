/**
 * What the scheduler is given. Plain data only: a snapshot can be stored as JSON and replayed later, which is how a
 * decision of last week is explained today.
 */

import type { ItemState } from '../lib/item-state.ts'

/** An id that is unique across repositories. The scheduler compares it and nothing else. */
export type ItemId = string

/** As in the labels `priority:0` (most urgent) to `priority:3`. */
export type Priority = 0 | 1 | 2 | 3

export type Item = {
  id: ItemId
  /** `owner/repo`. */
  repository: string
  number: number
  state: ItemState
  /** Agent hours that the item is expected to take, above 0. Absent: the `M` of the effort labels. */
  effort?: number
  /** Absent: 2. */
  priority?: Priority
  /** When it began to wait, in epoch milliseconds. */
  since: number
  /** How well the crew knows this kind of work, 0 to 1. Breaks ties only. */
  experience?: number
  module?: string
  /** Patterns of the paths it will touch, see `footprints.ts`. Empty: not known. `nothing`: it only reads. */
  footprint: readonly string[] | 'nothing'
  /** File name in `agents/`. */
  agentKind: string
}

/** Where a dependency was read. One pair of items may be joined by several edges, each from another source. */
/** `pace`: no edge of the graph, but a roadmap that lets only some of its parts be worked on at once. */
export type PlainSource =
  | 'native'
  | 'sub-issue'
  | 'body'
  | 'task-list'
  | 'roadmap'
  | 'plan'
  | 'command'
  | 'order'
  | 'pace'

/** `epic:owner/name#12:body`: the issue that it is a part of waits, and where that was read. */
export type EdgeSource = PlainSource | `epic:${string}:${PlainSource}`

/** What holds an item back: another item, or an issue that is no item of ours. */
export type Blocker =
  | { kind: 'item'; id: ItemId }
  | { kind: 'outside'; reference: string; state: 'open' | 'closed' | 'unknown' }

export type Edge = {
  /** The item that waits. */
  item: ItemId
  blocker: Blocker
  source: EdgeSource
}

/** A branch that is being worked on. An item with a run is never started a second time. */
export type Run = {
  item: ItemId
  repository: string
  agentKind: string
  /** The item's footprint, with what was seen to change since the start. */
  footprint: readonly string[] | 'nothing'
  /** False: the branch only waits for review; it keeps its paths and takes no agent. Default true. */
  agent?: boolean
  /** Hours that the agent has worked so far. Default 0. */
  elapsed?: number
  /** Bytes that the agent uses now and `memory.free` therefore lacks already. Absent: its whole allowance. */
  memoryUsed?: number
  /** Money reserved for the run and not yet taken off `left`. Default 0. */
  reserved?: number
}

/** `sequential`: one at a time. `parallel-async`: at most 4, supervised together. `parallel-threads`: no such limit, and threads. */
export type ConcurrencyMode = 'sequential' | 'parallel-async' | 'parallel-threads'

/** What is set or known of one repository. */
export type RepositoryState = {
  paused?: boolean
  /** Why it is paused, for people. */
  pausedBecause?: string
  /** Agents at once in this repository. */
  cap?: number
  /** Chosen by itself when absent. */
  mode?: ConcurrencyMode
  /** Money left for today, in the repository's currency. Absent: no limit. */
  budgetLeft?: number
  /** What it may spend in a day altogether, for people. */
  budgetLimit?: number
  /** Of `budgetLeft` and `perRun`. Absent: as for everybody. */
  currency?: string
  /** What one run is expected to cost here, see `Budget`. Absent: as for everybody. */
  perRun?: number
  perRunOfKind?: Readonly<Record<string, number>>
  /** Its share against other repositories, above 0. Default 1. */
  weight?: number
  /** Agent hours it had in the window that fairness looks at. Default 0. */
  hoursUsed?: number
}

export type Caps = {
  /** Agents at once, everywhere. Absent: no limit. */
  total?: number
  /** Agents at once in a repository that sets none of its own. Absent: no limit. */
  perRepository?: number
  perAgentKind?: Readonly<Record<string, number>>
}

/** All in bytes. */
export type Memory = {
  /** What the machine could give away now. */
  free: number
  /** To stay free whatever happens. */
  floor: number
  /** What one agent may take. */
  perAgent: number
  /** The same for kinds that differ. */
  perAgentKind?: Readonly<Record<string, number>>
}

/** Money, in whole millionths of the currency in use, so that sums are exact. */
export type Budget = {
  /** Left for everybody. Absent: no limit. */
  left?: number
  /** What everybody may spend in a day altogether, for people. */
  limit?: number
  /** A repository that counts in another one takes nothing from `left`. */
  currency?: string
  /** What one run is expected to cost; reserved before it starts. */
  perRun: number
  perRunOfKind?: Readonly<Record<string, number>>
}

/** What every repository may decide for its own items. */
export type RepositoryRules = {
  /** What a skipped or cancelled item does to those that depend on it. Default: skipped releases, cancelled holds. */
  skipped?: 'release' | 'hold'
  cancelled?: 'release' | 'hold'
  /** `exclusive`: an item with an unknown footprint runs alone in its repository. Default `free`. */
  unknownFootprint?: 'free' | 'exclusive'
}

export type Rules = RepositoryRules & {
  /** By `owner/repo`; what a repository leaves out is as for all. */
  repositories?: Readonly<Record<string, RepositoryRules>>
  /** What a blocker that nobody can read does. Default `hold`: starting too early is the worse mistake. */
  unknownBlocker?: 'release' | 'hold'
  /** `none`: leverage decides alone between repositories. Default `repositories`. */
  fairness?: 'repositories' | 'none'
  /**
   * How far efforts are off, see `estimateSpread` in `efforts.ts`: 0 is exact, 0.5 (the default) means that two in three
   * are within a factor of 1.65. The more they are off, the less an agent is kept idle for what the plan expects.
   */
  estimateSpread?: number
  /** Hours of waiting that double an item's leverage. Absent: age only breaks ties. */
  ageingHours?: number
}

/** A priority order found off the hot path, see `improve.ts`. */
export type SchedulePlan = {
  /** The first is wanted first. Items that it does not name come after it, by leverage. */
  order: readonly ItemId[]
  /** Expected hours until everything in it is done. */
  makespan: number
}

export type Snapshot = {
  items: readonly Item[]
  edges: readonly Edge[]
  runs: readonly Run[]
  caps?: Caps
  memory?: Memory
  budget?: Budget
  repos?: Readonly<Record<string, RepositoryState>>
  rules?: Rules
  plan?: SchedulePlan
}
