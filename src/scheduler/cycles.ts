/** Dependency cycles, with their edges, so that people can remove one of them. */

import type { Graph } from './graph.ts'
import { edgeOf, isFinished, type Link, type Node } from './node.ts'
import type { Edge, ItemId } from './types.ts'

export type Cycle = {
  items: ItemId[]
  /**
   * As many as items: the blocker of each edge is the item of the next edge, and of the last edge that of the first.
   */
  edges: Edge[]
}

/** No more cycles than this are listed. Once these are removed, the others are listed. */
const MAX_CYCLES = 100

/**
 * Finds the strongly connected components that contain a cycle, and sets the `component` of each node.
 *
 * The algorithm is Tarjan's (SIAM J. Comput. 1, 1972), without recursion. It starts only where a link closes a cycle: a
 * graph without such links costs nothing.
 * @param before the nodes that had a component before.
 * @returns the nodes whose `component` may have changed.
 */
export function findComponents(graph: Graph, before: Iterable<Node>): Set<Node> {
  const changed = new Set(before)
  for (const node of changed) node.component = 0
  let count = 0
  for (const members of stronglyConnectedComponents([...graph.closing].map((link) => link.to))) {
    count++
    for (const member of members) {
      member.component = count
      changed.add(member)
    }
  }
  return changed
}

type Visit = { node: Node; index: number; low: number; onStack: boolean; next: number }

/** The strongly connected components with a cycle among the unfinished nodes that are reachable from `starts`. */
function stronglyConnectedComponents(starts: readonly Node[]): Node[][] {
  const visits = new Map<Node, Visit>()
  const stack: Visit[] = []
  const found: Node[][] = []
  const enter = (node: Node): Visit => {
    const visit = { node, index: visits.size, low: visits.size, onStack: true, next: 0 }
    visits.set(node, visit)
    stack.push(visit)
    return visit
  }
  const leave = (visit: Visit) => {
    if (visit.low !== visit.index) return
    const members = stack.splice(stack.lastIndexOf(visit))
    for (const member of members) member.onStack = false
    const { node } = visit
    if (members.length > 1 || node.outs.some((link) => link.to === node))
      found.push(members.map((member) => member.node))
  }
  const path: Visit[] = []
  const step = (top: Visit) => {
    const link = top.node.outs[top.next++]
    if (link === undefined) {
      path.pop()
      leave(top)
      const above = path.at(-1)
      if (above) above.low = Math.min(above.low, top.low)
      return
    }
    const seen = visits.get(link.to)
    if (seen?.onStack) top.low = Math.min(top.low, seen.index)
    else if (!seen && !isFinishedNode(link.to)) path.push(enter(link.to))
  }
  for (const start of starts) {
    if (visits.has(start) || isFinishedNode(start)) continue
    path.push(enter(start))
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) step(top)
  }
  return found
}

/**
 * The cycles among the nodes with a component: the shortest cycle through each node that no earlier cycle contains.
 * @returns at most 100. They depend on the graph alone and not on the order in which it was read.
 */
export function listCycles(nodes: Iterable<Node>): Cycle[] {
  const members = [...nodes].filter((node) => node.component > 0).sort((a, b) => compareIds(a.id, b.id))
  const listed = new Set<ItemId>()
  const cycles: Cycle[] = []
  for (const node of members) {
    if (listed.has(node.id) || cycles.length === MAX_CYCLES) continue
    const cycle = cycleThrough(node)
    for (const id of cycle.items) listed.add(id)
    cycles.push(cycle)
  }
  return cycles
}

/** The shortest cycle through a node of a component. Its first edge is one of the node's own. */
export function cycleThrough(start: Node): Cycle {
  const found = new Map<Node, Link>()
  const queue = [start]
  for (const node of queue) {
    for (const link of [...node.ins].sort(compareLinks)) {
      if (link.from.component !== start.component || found.has(link.from)) continue
      found.set(link.from, link)
      queue.push(link.from)
    }
    if (found.has(start)) break
  }
  const edges: Edge[] = []
  for (let link = found.get(start); link !== undefined; link = link.to === start ? undefined : found.get(link.to)) {
    edges.unshift(edgeOf(link))
  }
  return { items: edges.map((edge) => edge.item), edges }
}

function isFinishedNode(node: Node): boolean {
  return node.item !== undefined && isFinished(node.item.state)
}

function compareLinks(a: Link, b: Link): number {
  return compareIds(a.from.id, b.from.id) || compareIds(a.source, b.source)
}

/** Compares by code units: the same order on every machine. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
