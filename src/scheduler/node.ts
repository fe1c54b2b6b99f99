/** The nodes and links of the dependency graph. */

import type { ItemState } from '../lib/item-state.ts'
import type { Edge, EdgeSource, Item, ItemId, Run } from './types.ts'

export type Node = {
  readonly id: ItemId
  /** Undefined while only edges name it. */
  item: Item | undefined
  run: Run | undefined
  /** Links from its blockers. */
  ins: Link[]
  /** Links to its dependents. */
  outs: Link[]
  /** Edges to issues that are no items. */
  outside: Edge[]
  /** How many of `ins` and `outside` block it now. */
  open: number
  /** In topological order: a blocker's rank is lower than its dependent's, except for links that close a cycle. */
  rank: number
  /** Weighted hours along the longest remaining path from here, see `critical-path.ts`. */
  path: number
  /** The number of its strongly connected component with a cycle; 0: it is on no cycle. */
  component: number
}

export type Link = {
  readonly source: EdgeSource
  readonly from: Node
  readonly to: Node
  /** It would close a cycle: the ranks ignore it. */
  closing: boolean
}

/** The edge of a link. Links do not store it: in a large backlog that saves a third of the memory. */
export function edgeOf({ source, from, to }: Link): Edge {
  return { item: to.id, blocker: { kind: 'item', id: from.id }, source }
}

/** Whether an item in this state is finished. */
export function isFinished(state: ItemState): boolean {
  return state === 'done' || state === 'skipped' || state === 'cancelled'
}
