/** The longest remaining path of every item, kept as the graph changes. */
import type { Graph } from './graph.ts'
import { Heap, NOWHERE, type Slotted } from './heap.ts'
import { weightedEffort } from './leverage.ts'
import { isOver, type Node } from './node.ts'

/** Computes every node's path anew. Ranks and knots must be in order. */
export function computePaths(graph: Graph): void {
  for (const node of [...graph.nodes.values()].sort((a, b) => b.rank - a.rank)) node.path = pathOf(node)
  // Ranks leave out the links that close a cycle; but one that only closes it through an item that is over does count.
  updatePaths([...graph.closing].map((link) => link.from))
}

/**
 * Brings the paths in order after something at `starts` has changed: goes upstream from them, last ranks first, and stops
 * where a path stays as it was.
 * @returns the nodes whose path is another one now.
 */
export function updatePaths(starts: Iterable<Node>): Set<Node> {
  const changed = new Set<Node>()
  const queued = new Map<Node, Slotted & { node: Node }>()
  const heap = new Heap<Slotted & { node: Node }>((a, b) => a.node.rank > b.node.rank)
  const enqueue = (node: Node) => {
    if (queued.has(node)) return
    const row = { node, at: NOWHERE }
    queued.set(node, row)
    heap.push(row)
  }
  for (const node of starts) enqueue(node)
  for (let row = heap.first(); row !== undefined; row = heap.first()) {
    heap.remove(row)
    queued.delete(row.node)
    const path = pathOf(row.node)
    if (path === row.node.path) continue
    row.node.path = path
    changed.add(row.node)
    for (const link of row.node.ins) enqueue(link.from)
  }
  return changed
}

/**
 * A path cannot go round: links between members of one knot of cycles do not count, and neither does what is over. So
 * the result depends on the graph alone and not on the order in which it was read.
 */
function pathOf(node: Node): number {
  if (node.item && isOver(node.item.state)) return 0
  let longest = 0
  for (const { to } of node.outs) {
    if (to.path > longest && (node.component === 0 || to.component !== node.component)) longest = to.path
  }
  return longest + (node.item ? weightedEffort(node.item) : 0)
}
