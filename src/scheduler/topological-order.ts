/**
 * Ranks that respect the edges, kept as edges come. Pearce and Kelly, "A dynamic topological sort algorithm for directed
 * acyclic graphs" (ACM JEA 11, 2006): a new edge that agrees with the ranks costs nothing, another one only moves the
 * nodes between its two ends.
 */
import type { Link, Node } from './node.ts'

/** Ranks of nodes that are not placed yet: never seen, and being placed once their blockers are. */
const UNSEEN = -1
const OPEN = -2

/**
 * Gives every node a rank in linear time: the place where it stands in `nodes` when blockers stand before what waits for
 * them, so that ranks are near to the order in which items were written and few must move later.
 * @returns the links that close a cycle; they are marked and have no part in the ranks.
 */
export function orderAll(nodes: readonly Node[]): Link[] {
  const closing: Link[] = []
  const path: { node: Node; next: number }[] = []
  const open = (node: Node) => {
    node.rank = OPEN
    path.push({ node, next: 0 })
  }
  let rank = 0
  for (const node of nodes) node.rank = UNSEEN
  for (const root of nodes) {
    if (root.rank === UNSEEN) open(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const link = top.node.ins[top.next++]
      if (link === undefined) {
        path.pop()
        top.node.rank = rank++
      } else if (link.from.rank === OPEN) {
        link.closing = true
        closing.push(link)
      } else if (link.from.rank === UNSEEN) open(link.from)
    }
  }
  return closing
}

/**
 * Makes the ranks agree with a link that is already attached.
 * @returns false, and leaves the ranks as they were, when the link closes a cycle.
 */
export function addToOrder(link: Link): boolean {
  const { from, to } = link
  if (from === to) return false
  if (from.rank < to.rank) return true
  const after = reach(to, from.rank, 'outs')
  if (after.has(from)) return false
  const before = reach(from, to.rank, 'ins')
  const byRank = (a: Node, b: Node) => a.rank - b.rank
  const moved = [...[...before].sort(byRank), ...[...after].sort(byRank)]
  const ranks = moved.map((node) => node.rank).sort((a, b) => a - b)
  moved.forEach((node, at) => {
    node.rank = ranks[at] ?? node.rank
  })
  return true
}

/** What can be reached from `start` without leaving the ranks between the two ends of the new link. */
function reach(start: Node, limit: number, side: 'ins' | 'outs'): Set<Node> {
  const found = new Set([start])
  for (const node of found) {
    for (const link of node[side]) {
      if (link.closing) continue
      const next = side === 'outs' ? link.to : link.from
      if (side === 'outs' ? next.rank <= limit : next.rank >= limit) found.add(next)
    }
  }
  return found
}
