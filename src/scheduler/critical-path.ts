/** The critical path of every item: its longest remaining path, updated as the graph changes. */
import type { Graph } from './graph.ts'
import { Heap, type HeapMember, NOT_IN_HEAP } from './heap.ts'
import { weightedEffort } from './leverage.ts'
import { isFinished, type Node } from './node.ts'

/** Computes the path of every node. Ranks and components must be up to date. */
export function computePaths(graph: Graph): void {
  for (const node of [...graph.nodes.values()].sort((a, b) => b.rank - a.rank)) node.path = pathOf(node)
  // Ranks ignore the links that close a cycle. But a link counts if the cycle contains a finished item.
  updatePaths([...graph.closing].map((link) => link.from))
}

/**
 * Updates the paths after a change at `starts`: visits their predecessors, highest rank first, and stops where a path
 * stays the same.
 * @returns the nodes whose path has changed.
 */
export function updatePaths(starts: Iterable<Node>): Set<Node> {
  const changed = new Set<Node>()
  const queued = new Map<Node, HeapMember & { node: Node }>()
  const heap = new Heap<HeapMember & { node: Node }>((a, b) => a.node.rank > b.node.rank)
  const enqueue = (node: Node) => {
    if (queued.has(node)) return
    const row = { node, at: NOT_IN_HEAP }
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
 * A path contains no cycle: links inside a strongly connected component do not count, and neither do finished items. So
 * the result depends on the graph alone and not on the order in which it was read.
 */
function pathOf(node: Node): number {
  if (node.item && isFinished(node.item.state)) return 0
  let longest = 0
  for (const { to } of node.outs) {
    if (to.path > longest && (node.component === 0 || to.component !== node.component)) longest = to.path
  }
  return longest + (node.item ? weightedEffort(node.item) : 0)
}
