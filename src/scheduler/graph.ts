/**
 * The dependency graph of the items. The cost of a change depends on the change and not on the size of the backlog: a
 * finished item visits its own edges, and a new edge visits only the items whose rank it changes.
 */

import type { ItemState } from '../lib/item-state.ts'
import type { Link, Node } from './node.ts'
import { assignRanks, updateRanks } from './topological-order.ts'
import type { Edge, EdgeSource, Item, ItemId, Rules } from './types.ts'

/**
 * Whether an item in this state blocks its dependents.
 * @param repository of the dependent: every repository has rules of its own.
 */
function blocksDependents(state: ItemState | undefined, rules: Rules, repository = ''): boolean {
  if (state === undefined) return rules.unknownBlocker !== 'release'
  if (state === 'done') return false
  const own = rules.repositories?.[repository]
  if (state === 'skipped') return (own?.skipped ?? rules.skipped) === 'hold'
  if (state === 'cancelled') return (own?.cancelled ?? rules.cancelled) !== 'release'
  return true
}

export class Graph {
  readonly nodes = new Map<ItemId, Node>()
  /** Links that close a cycle, in the order in which they were read. Empty: there is no cycle. */
  readonly closing = new Set<Link>()
  readonly #rules: Rules
  #ranks = 0

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** Loads a whole graph in time linear in items and edges. The graph must be empty. */
  load(items: readonly Item[], edges: readonly Edge[]): void {
    for (const item of items) this.node(item.id).item = item
    for (const edge of edges) this.#attach(edge)
    for (const node of this.nodes.values()) if (node.ins.length + node.outside.length > 1) this.#removeDuplicates(node)
    for (const link of assignRanks([...this.nodes.values()])) this.closing.add(link)
    for (const node of this.nodes.values()) node.open = this.#countOpen(node)
  }

  /** The node with this id. Creates it when it is missing. */
  node(id: ItemId): Node {
    const known = this.nodes.get(id)
    if (known) return known
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
   * Adds an edge. A duplicate edge counts once.
   * @returns the dependent node, or undefined when nothing changed.
   */
  addEdge(edge: Edge): Node | undefined {
    const node = this.node(edge.item)
    const { blocker, source } = edge
    if (blocker.kind === 'outside') node.outside = node.outside.filter((other) => !sameEdge(other, edge))
    else if (node.ins.some((link) => link.from.id === blocker.id && link.source === source)) return undefined
    const link = this.#attach(edge)
    node.open = this.#countOpen(node)
    if (link && !updateRanks(link)) {
      link.closing = true
      this.closing.add(link)
    }
    return node
  }

  /**
   * Removes the edge with the same item, blocker and source.
   * @returns the dependent node, or undefined when there is no such edge.
   */
  removeEdge(edge: Edge): Node | undefined {
    const node = this.nodes.get(edge.item)
    if (!node) return undefined
    const { blocker, source } = edge
    if (blocker.kind === 'outside') {
      const kept = node.outside.filter((other) => !sameEdge(other, edge))
      if (kept.length === node.outside.length) return undefined
      node.outside = kept
      this.removeIfUnused(node)
    } else {
      const link = node.ins.find((other) => other.from.id === blocker.id && other.source === source)
      if (!link) return undefined
      this.#detach(link)
      this.#retryClosingLinks()
    }
    node.open = this.#countOpen(node)
    return node
  }

  /** Removes the item. Its edges stay and now have an unknown blocker. @returns its dependents. */
  removeItem(node: Node): Node[] {
    node.item = undefined
    this.removeIfUnused(node)
    return this.recountDependents(node)
  }

  /** Counts the open blockers of the dependents of `node` after a change of its state. @returns these dependents. */
  recountDependents(node: Node): Node[] {
    const dependents = node.outs.map((link) => link.to)
    for (const other of dependents) other.open = this.#countOpen(other)
    return dependents
  }

  /** Counts the open blockers of a node after a change of its repository, which has other rules. */
  recount(node: Node): void {
    node.open = this.#countOpen(node)
  }

  /** Whether the link blocks its dependent now. */
  blocks(link: Link): boolean {
    return blocksDependents(link.from.item?.state, this.#rules, link.to.item?.repository)
  }

  /** Whether an edge to an issue that is no item blocks its dependent now. */
  blocksOutside(edge: Edge): boolean {
    if (edge.blocker.kind !== 'outside' || edge.blocker.state === 'closed') return false
    return edge.blocker.state === 'open' || this.#rules.unknownBlocker !== 'release'
  }

  #countOpen(node: Node): number {
    let open = 0
    for (const link of node.ins) if (this.blocks(link)) open++
    for (const edge of node.outside) if (this.blocksOutside(edge)) open++
    return open
  }

  #removeDuplicates(node: Node): void {
    node.outside = node.outside.filter((edge, at, all) => all.findIndex((other) => sameEdge(other, edge)) === at)
    const sourcesOf = new Map<Node, EdgeSource[]>()
    const duplicates: Link[] = []
    for (const link of node.ins) {
      const sources = sourcesOf.get(link.from)
      if (sources?.includes(link.source)) duplicates.push(link)
      else if (sources) sources.push(link.source)
      else sourcesOf.set(link.from, [link.source])
    }
    for (const link of duplicates) this.#detach(link)
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
    removeUnordered(link.to.ins, link)
    removeUnordered(link.from.outs, link)
    this.closing.delete(link)
    this.removeIfUnused(link.from)
    this.removeIfUnused(link.to)
  }

  /** Removes a node without item, run and edges. */
  removeIfUnused(node: Node): void {
    if (node.item || node.run || node.ins.length > 0 || node.outs.length > 0 || node.outside.length > 0) return
    this.nodes.delete(node.id)
  }

  /** Retries the links that closed a cycle: the removed link may have been a part of that cycle. */
  #retryClosingLinks(): void {
    for (const link of [...this.closing]) {
      link.closing = false
      if (updateRanks(link)) this.closing.delete(link)
      else link.closing = true
    }
  }
}

function sameEdge(a: Edge, b: Edge): boolean {
  if (a.blocker.kind !== 'outside' || b.blocker.kind !== 'outside') return false
  return a.item === b.item && a.source === b.source && a.blocker.reference === b.blocker.reference
}

/** The order of links does not matter: the last one replaces the removed one. */
function removeUnordered<T>(list: T[], row: T): void {
  const at = list.indexOf(row)
  const last = list.pop()
  if (at < 0 || last === undefined || last === row) return
  list[at] = last
}
