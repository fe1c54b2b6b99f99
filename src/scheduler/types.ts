/**
 * The input of the scheduler. Plain data only: a snapshot can be stored as JSON and replayed later, to explain an
 * earlier decision.
 */

import type { ItemState } from '../lib/item-state.ts'

/** An id that is unique across repositories. The scheduler only compares it. */
export type ItemId = string

/** As in the labels `priority:0` (most urgent) to `priority:3`. */
export type Priority = 0 | 1 | 2 | 3

export type Item = {
  id: ItemId
  /** `owner/repo`. */
  repository: string
  number: number
  state: ItemState
  /** The expected agent hours, above 0. Absent: the `M` of the effort labels. */
  effort?: number
  /** Absent: 2. */
  priority?: Priority
  /** When it was queued, in epoch milliseconds. */
  since: number
  /** The crew's experience with this kind of work, 0 to 1. It only breaks ties. */
  experience?: number
  module?: string
  /**
   * Its pull request is open and waits for the next attempt. It goes before new work, and the branches of others in review
   * do not stop it: its own branch was among them, with the same files.
   */
  sentBack?: boolean
  /** Patterns of the paths it will touch, see `footprints.ts`. Empty: unknown. `nothing`: it changes no file. */
  footprint: readonly string[] | 'nothing'
  /** File name in `agents/`. */
  agentKind: string
  /** Runs of one kind and size are expected to cost the same. Absent: like any run of the kind. */
  size?: string
}

/** What the expected cost of a run depends on. */
export type RunClass = Pick<Item, 'agentKind' | 'size'>

/**
 * Where a dependency was read. Two items may have several edges, each from another source. `pace`: the mode of a
 * roadmap limits how many of its parts are worked on at once. `member`: the agent that a person has asked for is at work.
 * `runner`: no runner that is up has what it asks for.
 */
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
  | 'member'
  | 'runner'

/** `epic:owner/name#12:body`: inherited from this epic, which waits, and where that dependency was read. */
export type EdgeSource = PlainSource | `epic:${string}:${PlainSource}`

/** A blocker of an item: another item, or an issue that is no item. */
export type Blocker =
  | { kind: 'item'; id: ItemId }
  | { kind: 'outside'; reference: string; state: 'open' | 'closed' | 'unknown' }

export type Edge = {
  /** The item that waits. */
  item: ItemId
  blocker: Blocker
  source: EdgeSource
}

/** A branch that an agent works on or that waits for review. An item with a run is never started a second time. */
export type Run = {
  item: ItemId
  repository: string
  agentKind: string
  /** The item's footprint, with the files that were observed to change since the start. */
  footprint: readonly string[] | 'nothing'
  /** False: the branch waits for review. It locks its paths and uses no agent. Default true. */
  agent?: boolean
  /** Hours that the agent has worked so far. Default 0. */
  elapsed?: number
  /** Bytes that the agent uses now: `memory.free` does not include them. Absent: its whole allowance. */
  memoryUsed?: number
  /** Money reserved for the run that is not subtracted from `left` yet. Default 0. */
  reserved?: number
  /** The same for tokens. Default 0. */
  reservedTokens?: number
}

/**
 * `sequential`: one at a time. `parallel-async`: at most 4, supervised in one thread. `parallel-threads`: no such
 * limit, a thread for each.
 */
export type ConcurrencyMode = 'sequential' | 'parallel-async' | 'parallel-threads'

/** The settings and facts of one repository. */
export type RepositoryState = {
  paused?: boolean
  /** Why it is paused, for people. */
  pausedBecause?: string
  /** Agents at once in this repository. */
  cap?: number
  /** Kinds of which one agent at most is at work in this repository. */
  singletons?: readonly string[]
  /** Absent: it follows from the decisions. */
  mode?: ConcurrencyMode
  /** Money left for today, in the repository's currency. Absent: no limit. */
  budgetLeft?: number
  /** Its budget for a whole day, for people. */
  budgetLimit?: number
  /** Of `budgetLeft` and `perRun`. Absent: as in `Budget`. */
  currency?: string
  /** What one run is expected to cost here, see `Budget`. Absent: as in `Budget`. */
  perRun?: number
  perRunOfKind?: Readonly<Record<string, number>>
  /** Its own tokens for a day, and what one run is expected to use here. Absent: as in the snapshot. */
  tokens?: Allowance
  /** Its share compared with other repositories, above 0. Default 1. */
  weight?: number
  /** Agent hours that it used in the time window of fairness. Default 0. */
  hoursUsed?: number
}

export type Caps = {
  /** Agents at once in all repositories. Absent: no limit. */
  total?: number
  /** Agents at once in a repository without a cap of its own. Absent: no limit. */
  perRepository?: number
  perAgentKind?: Readonly<Record<string, number>>
}

/** All in bytes. */
export type Memory = {
  /** Available memory of the machine. */
  free: number
  /** Always kept free. */
  floor: number
  /** The allowance of one agent. */
  perAgent: number
  /** The allowance of kinds of agent with another one. */
  perAgentKind?: Readonly<Record<string, number>>
}

/** What is left of something for today, and what of it is reserved for a run before it starts. */
export type Allowance = {
  /** Absent: no limit. */
  left?: number
  /** For a whole day, for people. */
  limit?: number
  /** What one run is expected to use, where nothing is known of its kind ... */
  perRun: number
  /** ... and where something is: by kind, and by kind and size, as `<kind> <size>`. */
  perRunOfKind?: Readonly<Record<string, number>>
}

/** Money of all repositories together, in whole millionths of the currency in use, so that sums are exact. */
export type Budget = Allowance & {
  /** A repository with another currency uses nothing of `left`. */
  currency?: string
}

/** Rules that every repository may set for its own items. */
export type RepositoryRules = {
  /** Whether a skipped or cancelled item releases its dependents. Default: skipped releases, cancelled holds. */
  skipped?: 'release' | 'hold'
  cancelled?: 'release' | 'hold'
  /** `exclusive`: an item with an unknown footprint runs alone in its repository. Default `free`. */
  unknownFootprint?: 'free' | 'exclusive'
}

export type Rules = RepositoryRules & {
  /** By `owner/repo`. A rule that a repository does not set is that of all repositories. */
  repositories?: Readonly<Record<string, RepositoryRules>>
  /** Whether an unreadable blocker releases its dependents. Default `hold`: starting too early is the worse mistake. */
  unknownBlocker?: 'release' | 'hold'
  /** `none`: leverage decides alone between repositories. Default `repositories`. */
  fairness?: 'repositories' | 'none'
  /**
   * The error of the estimates, see `estimateSpread` in `estimate-effort.ts`: 0 is exact, 0.5 (the default) means that
   * two in three are within a factor of 1.65. The larger it is, the shorter an agent stays idle for the plan.
   */
  estimateSpread?: number
  /** Hours of waiting that double an item's leverage. Absent: age only breaks ties. */
  ageingHours?: number
}

/** An order of items from the optimiser, see `optimiser/optimise.ts`. */
export type SchedulePlan = {
  /** The first starts first. Items that are not in it come after it, by leverage. */
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
  /** Tokens of all repositories together. */
  tokens?: Allowance
  repos?: Readonly<Record<string, RepositoryState>>
  rules?: Rules
  plan?: SchedulePlan
}
