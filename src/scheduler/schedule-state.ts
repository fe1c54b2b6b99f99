/** The part of a schedule that decisions and the optimiser use. */

import type { Admission } from './admission.ts'
import type { Footprint, Footprints } from './footprints.ts'
import type { Graph } from './graph.ts'
import type { Node } from './node.ts'
import type { PathLock, ReadyEntry, ReadyQueues, SortKey } from './ready-queues.ts'
import type { Item, ItemId, Rules, Run, SchedulePlan } from './types.ts'

/** `Schedule` without the methods that change it. */
export interface ScheduleState {
  readonly graph: Graph
  readonly rules: Rules
  readonly footprints: Footprints
  readonly readyQueues: ReadyQueues
  readonly runs: ReadonlyMap<ItemId, Run>
  readonly locks: ReadonlyMap<ItemId, PathLock>
  readonly locksByRepository: ReadonlyMap<string, ReadonlySet<PathLock>>
  readonly admission: Admission
  readonly plan: SchedulePlan | undefined
  /** As `Rules.estimateSpread`. */
  readonly spread: number | undefined
  /** The sort key of an item. */
  sortKey(node: Node, item: Item): SortKey
  /** The ready items, in no order: only limits and path locks can delay them. */
  readyItems(): { size: number; nodes: Iterable<Node> }
  /** The entry of a ready item; undefined for any other item. */
  readyEntry(node: Node): ReadyEntry | undefined
  /** Locks the paths of `lock`. */
  lockPaths(lock: PathLock): void
  /** Releases the paths of `lock`. */
  unlockPaths(lock: PathLock): void
  /** Whether the paths of `lock` stop an item. */
  stops(lock: PathLock, repository: string, item: { footprint: Footprint; sentBack: boolean }): boolean
  /** Whether items with these footprints must not run at the same time in `repository`. */
  mustNotOverlap(repository: string, a: Footprint, b: Footprint): boolean
}
