/**
 * A topological order of the nodes as ranks, updated as edges are added. Pearce and Kelly, "A dynamic topological sort
 * algorithm for directed acyclic graphs" (ACM JEA 11, 2006): a new edge that agrees with the ranks costs nothing. Any
 * other edge moves only the nodes between its two ends.
 */
import type { Link, Node } from './node.ts'

/** Ranks of nodes without a rank: not visited yet, and waiting for the ranks of their blockers. */
const UNVISITED = -1
const VISITING = -2

/**
 * Gives every node a rank in linear time. Ranks follow the order of `nodes`, except that blockers come first. So they
 * are close to the order in which items were written, and few of them change later.
 * @returns the links that close a cycle. They are marked, and the ranks ignore them.
 */
export function assignRanks(nodes: readonly Node[]): Link[] {
  const closing: Link[] = []
  const path: { node: Node; next: number }[] = []
  const open = (node: Node) => {
    node.rank = VISITING
    path.push({ node, next: 0 })
  }
  let rank = 0
  for (const node of nodes) node.rank = UNVISITED
  for (const root of nodes) {
    if (root.rank === UNVISITED) open(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const link = top.node.ins[top.next++]
      if (link === undefined) {
        path.pop()
        top.node.rank = rank++
      } else if (link.from.rank === VISITING) {
        link.closing = true
        closing.push(link)
      } else if (link.from.rank === UNVISITED) open(link.from)
    }
  }
  return closing
}

/**
 * Updates the ranks for a link that is already attached.
 * @returns false when the link closes a cycle; the ranks do not change then.
 */
export function updateRanks(link: Link): boolean {
  const { from, to } = link
  if (from === to) return false
  if (from.rank < to.rank) return true
  const after = reachable(to, from.rank, 'outs')
  if (after.has(from)) return false
  const before = reachable(from, to.rank, 'ins')
  const byRank = (a: Node, b: Node) => a.rank - b.rank
  const moved = [...[...before].sort(byRank), ...[...after].sort(byRank)]
  const ranks = moved.map((node) => node.rank).sort((a, b) => a - b)
  moved.forEach((node, at) => {
    node.rank = ranks[at] ?? node.rank
  })
  return true
}

/** The nodes that are reachable from `start` within the ranks between the two ends of the new link. */
function reachable(start: Node, limit: number, side: 'ins' | 'outs'): Set<Node> {
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
