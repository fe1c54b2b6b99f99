/**
 * Items and what they wait for. Every change costs what it touches, not the size of the backlog: an item that is done
 * visits its own edges, a new edge the few items whose order it changes.
 */

import type { ItemState } from '../lib/item-state.ts'
import type { Link, Node } from './node.ts'
import { addToOrder, orderAll } from './topological-order.ts'
import type { Edge, EdgeSource, Item, ItemId, Rules } from './types.ts'

/**
 * Whether an item in this state still holds back what depends on it.
 * @param repository of the item that waits: every repository decides for its own.
 */
function holds(state: ItemState | undefined, rules: Rules, repository = ''): boolean {
  if (state === undefined) return rules.unknownBlocker !== 'release'
  if (state === 'done') return false
  const own = rules.repositories?.[repository]
  if (state === 'skipped') return (own?.skipped ?? rules.skipped) === 'hold'
  if (state === 'cancelled') return (own?.cancelled ?? rules.cancelled) !== 'release'
  return true
}

export class Graph {
  readonly nodes = new Map<ItemId, Node>()
  /** Links that close a cycle in the order in which they were read. Empty means that there is no cycle at all. */
  readonly closing = new Set<Link>()
  readonly #rules: Rules
  #ranks = 0

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** Reads a whole graph at once, in time linear in items and edges. Only for a graph that is still empty. */
  load(items: readonly Item[], edges: readonly Edge[]): void {
    for (const item of items) this.node(item.id).item = item
    for (const edge of edges) this.#attach(edge)
    for (const node of this.nodes.values()) if (node.ins.length + node.outside.length > 1) this.#dropRepeated(node)
    for (const link of orderAll([...this.nodes.values()])) this.closing.add(link)
    for (const node of this.nodes.values()) node.open = this.#countOpen(node)
  }

  /** The node of that id, made when there is none. */
  node(id: ItemId): Node {
    const backlog = this.nodes.get(id)
    if (backlog) return backlog
    const rank = this.#ranks++
    const node: Node = {
      id,
      item: undefined,
      run: undefined,
      ins: [],
      outs: [],
      outside: [],
      open: 0,
      rank,
      path: 0,
      component: 0,
    }
    this.nodes.set(id, node)
    return node
  }

  /**
   * Adds an edge; the same edge twice counts once.
   * @returns the node that waits, or undefined when nothing changed.
   */
  addEdge(edge: Edge): Node | undefined {
    const node = this.node(edge.item)
    const { blocker, source } = edge
    if (blocker.kind === 'outside') node.outside = node.outside.filter((other) => !sameEdge(other, edge))
    else if (node.ins.some((link) => link.from.id === blocker.id && link.source === source)) return undefined
    const link = this.#attach(edge)
    node.open = this.#countOpen(node)
    if (link && !addToOrder(link)) {
      link.closing = true
      this.closing.add(link)
    }
    return node
  }

  /**
   * Removes the edge of that item, blocker and source.
   * @returns the node that waited, or undefined when there was no such edge.
   */
  removeEdge(edge: Edge): Node | undefined {
    const node = this.nodes.get(edge.item)
    if (!node) return undefined
    const { blocker, source } = edge
    if (blocker.kind === 'outside') {
      const kept = node.outside.filter((other) => !sameEdge(other, edge))
      if (kept.length === node.outside.length) return undefined
      node.outside = kept
      this.tidy(node)
    } else {
      const link = node.ins.find((other) => other.from.id === blocker.id && other.source === source)
      if (!link) return undefined
      this.#detach(link)
      this.#reopen()
    }
    node.open = this.#countOpen(node)
    return node
  }

  /** Forgets the item. Edges that speak of it stay, and hold as those to an unknown blocker do. @returns who waits for it. */
  forget(node: Node): Node[] {
    node.item = undefined
    this.tidy(node)
    return this.release(node)
  }

  /** Counts again what holds those that wait for `node`, after its state has changed. @returns them. */
  release(node: Node): Node[] {
    const waiting = node.outs.map((link) => link.to)
    for (const other of waiting) other.open = this.#countOpen(other)
    return waiting
  }

  /** Counts again what holds the item itself, after it has come to another repository, with other rules. */
  recount(node: Node): void {
    node.open = this.#countOpen(node)
  }

  /** Whether the link holds its item back now. */
  holds(link: Link): boolean {
    return holds(link.from.item?.state, this.#rules, link.to.item?.repository)
  }

  /** Whether an edge to an outside issue holds its item back now. */
  holdsOutside(edge: Edge): boolean {
    if (edge.blocker.kind !== 'outside' || edge.blocker.state === 'closed') return false
    return edge.blocker.state === 'open' || this.#rules.unknownBlocker !== 'release'
  }

  #countOpen(node: Node): number {
    let open = 0
    for (const link of node.ins) if (this.holds(link)) open++
    for (const edge of node.outside) if (this.holdsOutside(edge)) open++
    return open
  }

  #dropRepeated(node: Node): void {
    node.outside = node.outside.filter((edge, at, all) => all.findIndex((other) => sameEdge(other, edge)) === at)
    const backlog = new Map<Node, EdgeSource[]>()
    const repeated: Link[] = []
    for (const link of node.ins) {
      const sources = backlog.get(link.from)
      if (sources?.includes(link.source)) repeated.push(link)
      else if (sources) sources.push(link.source)
      else backlog.set(link.from, [link.source])
    }
    for (const link of repeated) this.#detach(link)
  }

  #attach(edge: Edge): Link | undefined {
    const to = this.node(edge.item)
    if (edge.blocker.kind === 'outside') {
      to.outside.push(edge)
      return undefined
    }
    const from = this.node(edge.blocker.id)
    const link: Link = { source: edge.source, from, to, closing: false }
    to.ins.push(link)
    from.outs.push(link)
    return link
  }

  #detach(link: Link): void {
    drop(link.to.ins, link)
    drop(link.from.outs, link)
    this.closing.delete(link)
    this.tidy(link.from)
    this.tidy(link.to)
  }

  /** Drops a node that nothing speaks of any more. */
  tidy(node: Node): void {
    if (node.item || node.run || node.ins.length > 0 || node.outs.length > 0 || node.outside.length > 0) return
    this.nodes.delete(node.id)
  }

  /** A link went away, so a cycle may be open: what closed one is tried again. */
  #reopen(): void {
    for (const link of [...this.closing]) {
      link.closing = false
      if (addToOrder(link)) this.closing.delete(link)
      else link.closing = true
    }
  }
}

function sameEdge(a: Edge, b: Edge): boolean {
  if (a.blocker.kind !== 'outside' || b.blocker.kind !== 'outside') return false
  return a.item === b.item && a.source === b.source && a.blocker.reference === b.blocker.reference
}

/** Order among links does not matter, so the last takes the place of the one that goes. */
function drop<T>(list: T[], row: T): void {
  const at = list.indexOf(row)
  const last = list.pop()
  if (at < 0 || last === undefined || last === row) return
  list[at] = last
}
