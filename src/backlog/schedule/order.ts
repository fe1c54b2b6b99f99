/**
 * Ranks that respect the edges, kept as edges come. Pearce and Kelly, "A dynamic topological sort algorithm for directed
 * acyclic graphs" (ACM JEA 11, 2006): a new edge that agrees with the ranks costs nothing, another one only moves the
 * nodes between its two ends.
 */
import type { Link, Node } from './graph.ts'

/**
 * Gives every node a rank, blockers first, in linear time.
 * @returns the links that close a cycle; they are marked and have no part in the ranks.
 */
export function orderAll(nodes: readonly Node[]): Link[] {
  const closing: Link[] = []
  const seen = new Map<Node, 'open' | 'left'>()
  let rank = nodes.length
  for (const root of nodes) {
    if (seen.has(root)) continue
    const path = [{ node: root, next: 0 }]
    seen.set(root, 'open')
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const link = top.node.outs[top.next++]
      if (link === undefined) {
        path.pop()
        seen.set(top.node, 'left')
        top.node.rank = --rank
        continue
      }
      const state = seen.get(link.to)
      if (state === 'open') {
        link.closing = true
        closing.push(link)
      } else if (state === undefined) {
        seen.set(link.to, 'open')
        path.push({ node: link.to, next: 0 })
      }
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
