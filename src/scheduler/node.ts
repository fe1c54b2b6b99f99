/** A work item as the graph knows it, and the links between two of them. */

import type { ItemState } from '../lib/item-state.ts'
import type { Edge, EdgeSource, Item, ItemId, Run } from './types.ts'

export type Node = {
  readonly id: ItemId
  /** Undefined while only edges speak of it. */
  item: Item | undefined
  run: Run | undefined
  /** Links to what it waits for. */
  ins: Link[]
  /** Links to what waits for it. */
  outs: Link[]
  outside: Edge[]
  /** How many of `ins` and `outside` hold it back now. */
  open: number
  /** A blocker's rank is lower than that of what waits for it, but for links that close a cycle. */
  rank: number
  /** Weighted hours along the longest remaining path from here, see `paths.ts`. */
  path: number
  /** The cycles it lies on have this number in common; 0: on none. */
  component: number
}

export type Link = {
  readonly source: EdgeSource
  readonly from: Node
  readonly to: Node
  /** It would close a cycle and so has no part in the ranks. */
  closing: boolean
}

/** The edge as it was read. Links do not keep it: in a large backlog that is a third of the memory. */
export function edgeOf({ source, from, to }: Link): Edge {
  return { item: to.id, blocker: { kind: 'item', id: from.id }, source }
}

/** Whether the item is over: nothing more is to be done for it. */
export function isOver(state: ItemState): boolean {
  return state === 'done' || state === 'skipped' || state === 'cancelled'
}
