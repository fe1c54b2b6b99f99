/** Dependency cycles, named edge by edge so that the people who wrote them can cut one. */

import type { Graph } from './graph.ts'
import { edgeOf, isOver, type Link, type Node } from './node.ts'
import type { Edge, ItemId } from './types.ts'

export type Cycle = {
  items: ItemId[]
  /** As many as items: each edge's blocker is the item of the next, and the last one's is the item of the first. */
  edges: Edge[]
}

/** More than this many cycles are not listed; cutting the listed ones shows the rest. */
const MOST = 100

/**
 * Finds what lies on cycles and marks each node's `knot`.
 *
 * Tarjan's strongly connected components (SIAM J. Comput. 1, 1972), without recursion, started only where a link closes
 * a cycle: a graph without such links costs nothing.
 * @returns the nodes whose `knot` may differ from before.
 */
export function findComponents(graph: Graph, before: Iterable<Node>): Set<Node> {
  const touched = new Set(before)
  for (const node of touched) node.component = 0
  let knots = 0
  for (const members of components([...graph.closing].map((link) => link.to))) {
    knots++
    for (const member of members) {
      member.component = knots
      touched.add(member)
    }
  }
  return touched
}

type Visit = { node: Node; index: number; low: number; onStack: boolean; next: number }

/** The strongly connected components that hold a cycle, among unfinished nodes that can be reached from `starts`. */
function components(starts: readonly Node[]): Node[][] {
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
    if (members.length > 1 || node.outs.some((link) => link.to === node)) found.push(members.map((one) => one.node))
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
    else if (!seen && !isDone(link.to)) path.push(enter(link.to))
  }
  for (const start of starts) {
    if (visits.has(start) || isDone(start)) continue
    path.push(enter(start))
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) step(top)
  }
  return found
}

/**
 * The cycles among nodes that `findKnots` has marked: for each member that no earlier one names, the shortest through it.
 * @returns at most 100, the same for the same graph whatever the order in which it was read.
 */
export function listCycles(nodes: Iterable<Node>): Cycle[] {
  const members = [...nodes].filter((node) => node.component > 0).sort((a, b) => compareIds(a.id, b.id))
  const named = new Set<ItemId>()
  const cycles: Cycle[] = []
  for (const node of members) {
    if (named.has(node.id) || cycles.length === MOST) continue
    const cycle = cycleThrough(node)
    for (const id of cycle.items) named.add(id)
    cycles.push(cycle)
  }
  return cycles
}

/** The shortest cycle through a member of a knot, starting with the edge by which it waits. */
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

function isDone(node: Node): boolean {
  return node.item !== undefined && isOver(node.item.state)
}

function compareLinks(a: Link, b: Link): number {
  return compareIds(a.from.id, b.from.id) || compareIds(a.source, b.source)
}

/** By code units, the same on every machine. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
