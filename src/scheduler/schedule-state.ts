/** What decisions and the optimiser read of a schedule, and the two books they may try a start on. */

import type { Admission } from './admission.ts'
import type { Footprint, Footprints } from './footprints.ts'
import type { Graph } from './graph.ts'
import type { Node } from './node.ts'
import type { PathLock, ReadyEntry, ReadyQueues, SortKey } from './ready-queues.ts'
import type { Item, ItemId, Rules, Run, SchedulePlan } from './types.ts'

/** `Schedule` without what changes it; see there. */
export interface ScheduleState {
  readonly graph: Graph
  readonly rules: Rules
  readonly footprints: Footprints
  readonly readyQueues: ReadyQueues
  readonly runs: ReadonlyMap<ItemId, Run>
  readonly holds: ReadonlyMap<ItemId, PathLock>
  readonly locksByRepository: ReadonlyMap<string, ReadonlySet<PathLock>>
  readonly admission: Admission
  readonly plan: SchedulePlan | undefined
  /** As `Rules.estimateSpread`. */
  readonly spread: number | undefined
  /** What the order of this item against others is made of. */
  sortKey(node: Node, item: Item): SortKey
  /** The items that could start if there were room, in no order. */
  startable(): { size: number; nodes: Iterable<Node> }
  /** The item's place among those that could start; undefined when it could not. */
  entry(node: Node): ReadyEntry | undefined
  /** Lets `hold` keep its paths. */
  occupy(lock: PathLock): void
  /** Gives the paths of `hold` free. */
  vacate(lock: PathLock): void
  /** Whether what has the one footprint must wait for what has the other, both in `repository`. */
  meets(repository: string, a: Footprint, b: Footprint): boolean
}
