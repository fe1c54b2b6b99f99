/**
 * The backlog as the scheduler keeps it between events. `choose()` builds one from a snapshot; a long-running process
 * keeps one and tells it what happens, and both give the same answers.
 */

import { Admission, type Limits } from './admission.ts'
import { computePaths, updatePaths } from './critical-path.ts'
import { type Cycle, findKnots, listCycles } from './cycles.ts'
import { Round } from './decide.ts'
import type { Decision } from './decision.ts'
import { type Footprint, Footprints } from './footprints.ts'
import { Graph } from './graph.ts'
import { effortOf, leverageValue } from './leverage.ts'
import { isOver, type Node } from './node.ts'
import { type Entry, type Hold, Lanes, type Standing } from './ready-queues.ts'
import type { ScheduleState } from './schedule-state.ts'
import type { Edge, Item, ItemId, Plan, Rules, Run, Snapshot } from './types.ts'

export type ScheduleEvent =
  /** New, or changed in any way: its state above all. */
  | { kind: 'item'; item: Item }
  | { kind: 'item-removed'; id: ItemId }
  | { kind: 'edge'; edge: Edge }
  | { kind: 'edge-removed'; edge: Edge }
  /** Started, or known to touch other paths or use other memory than before. */
  | { kind: 'run'; run: Run }
  | { kind: 'run-ended'; item: ItemId }
  /** Replaces all limits at once. */
  | { kind: 'limits'; limits: Limits }
  | { kind: 'plan'; plan: Plan | undefined }
  /** How far estimates are off by now, see `Rules`. */
  | { kind: 'spread'; spread: number | undefined }

export class Schedule implements ScheduleState {
  readonly graph: Graph
  readonly rules: Rules
  readonly footprints = new Footprints()
  readonly lanes = new Lanes()
  readonly runs = new Map<ItemId, Run>()
  readonly holds = new Map<ItemId, Hold>()
  readonly holdsByRepository = new Map<string, Set<Hold>>()
  admission: Admission
  plan: Plan | undefined
  /** As `Rules.estimateSpread`. */
  spread: number | undefined
  readonly #entries = new Map<Node, Entry>()
  #places = new Map<ItemId, number>()
  #knotted = new Set<Node>()
  /** Nodes whose path may have changed. */
  #stale = new Set<Node>()
  #knotsStale = false

  /** @param snapshot read once; later changes come as events. */
  constructor(snapshot: Snapshot) {
    this.rules = snapshot.rules ?? {}
    this.spread = this.rules.estimateSpread
    this.graph = new Graph(this.rules)
    this.graph.load(snapshot.items, snapshot.edges)
    this.#knotted = findKnots(this.graph, [])
    computePaths(this.graph)
    this.admission = new Admission(snapshot)
    for (const run of snapshot.runs) this.#start(run)
    this.#setPlan(snapshot.plan)
    for (const node of this.graph.nodes.values()) this.#refresh(node)
  }

  /** Takes in what happened, at the cost of what it touches. */
  apply(event: ScheduleEvent): void {
    switch (event.kind) {
      case 'item':
        this.#setItem(event.item)
        break
      case 'item-removed':
        this.#removeItem(event.id)
        break
      case 'edge':
        this.#changedEdge(event.edge, this.graph.addEdge(event.edge))
        break
      case 'edge-removed':
        this.#changedEdge(event.edge, this.graph.removeEdge(event.edge))
        break
      case 'run':
        this.#setRun(event.run)
        break
      case 'run-ended':
        this.#end(event.item)
        break
      case 'limits':
        this.admission = new Admission(event.limits)
        for (const run of this.runs.values()) this.admission.enter(run)
        break
      case 'plan':
        this.#setPlan(event.plan)
        for (const entry of [...this.#entries.values()]) this.#refresh(entry.node)
        break
      case 'spread':
        this.spread = event.spread
    }
  }

  /** What may start now, first to be started first. Changes nothing: a start is told by a `run` event. */
  next(): Decision[] {
    return this.#round((round) => round.starts())
  }

  /**
   * What may start now, as `next`, then the decisions about these items with every reason; about those that are over,
   * already worked on, or unknown there is none.
   */
  about(ids: Iterable<ItemId>): Decision[] {
    return this.#round((round) => {
      const starts = round.starts()
      const starting = new Set(starts.map(({ item }) => item.id))
      const asked = [...ids].flatMap((id) => (starting.has(id) ? [] : (this.graph.nodes.get(id) ?? [])))
      return [...starts, ...asked.flatMap((node) => round.decide(node) ?? [])]
    })
  }

  /** The decision about every unfinished item that has no run, in the order in which they would start. */
  decisions(): Decision[] {
    return this.#round((round) => round.all())
  }

  /** The dependency cycles, for the issues concerned. At most 100. */
  cycles(): Cycle[] {
    this.#settle()
    return listCycles(this.#knotted)
  }

  /** What the order of this item against others is made of. */
  standing(node: Node, item: Item): Standing {
    const value = leverageValue(node.path, effortOf(item))
    const { ageingHours } = this.rules
    // Waiting doubles the leverage every so many hours. Both sides of a comparison grow alike, so on a logarithmic scale
    // the moment of asking drops out, and the order needs no clock.
    const age = ageingHours ? item.since / (3_600_000 * ageingHours) : 0
    return {
      planned: this.#places.get(node.id) ?? Number.POSITIVE_INFINITY,
      score: Math.log2(value) - age,
      experience: item.experience ?? 0,
      since: item.since,
      number: item.number,
      id: node.id,
    }
  }

  #round<T>(ask: (round: Round) => T): T {
    this.#settle()
    const round = new Round(this)
    try {
      return ask(round)
    } finally {
      round.undo()
    }
  }

  #setItem(item: Item): void {
    const node = this.graph.node(item.id)
    const before = node.item
    node.item = item
    this.#stale.add(node)
    if (before?.repository !== item.repository) this.graph.recount(node)
    if (before?.state !== item.state) {
      for (const other of this.graph.release(node)) this.#refresh(other)
      // Only what lies on a cycle can open one by ending; anything can close one by coming back.
      if (node.knot > 0 || (before && isOver(before.state))) this.#knotsStale = true
    }
    this.#refresh(node)
  }

  #removeItem(id: ItemId): void {
    const node = this.graph.nodes.get(id)
    if (!node?.item) return
    if (isOver(node.item.state)) this.#knotsStale = true
    this.#stale.add(node)
    for (const other of this.graph.forget(node)) this.#refresh(other)
    this.#refresh(node)
  }

  #changedEdge(edge: Edge, node: Node | undefined): void {
    if (!node) return
    this.#refresh(node)
    if (edge.blocker.kind === 'outside') return
    this.#knotsStale = true
    const from = this.graph.nodes.get(edge.blocker.id)
    if (from) this.#stale.add(from)
  }

  #setRun(run: Run): void {
    const hold = this.holds.get(run.item)
    const known = this.runs.get(run.item)
    if (known && hold?.repository === run.repository && hold.footprint === this.footprints.read(run.footprint)) {
      // What waits for its files waits on: only the numbers are others.
      this.admission.leave(known)
      this.admission.enter(run)
      hold.node.run = run
      this.runs.set(run.item, run)
      return
    }
    this.#end(run.item)
    this.#start(run)
  }

  #start(run: Run): void {
    const node = this.graph.node(run.item)
    node.run = run
    this.runs.set(run.item, run)
    this.admission.enter(run)
    const footprint = this.footprints.read(run.footprint)
    const hold: Hold = { node, repository: run.repository, footprint, parked: new Set() }
    this.holds.set(run.item, hold)
    this.occupy(hold)
    this.#refresh(node)
  }

  #end(id: ItemId): void {
    const run = this.runs.get(id)
    const hold = this.holds.get(id)
    if (!run || !hold) return
    hold.node.run = undefined
    this.runs.delete(id)
    this.holds.delete(id)
    this.admission.leave(run)
    this.vacate(hold)
    this.#refresh(hold.node)
    this.graph.tidy(hold.node)
  }

  /** Whether what has the one footprint must wait for what has the other, both in `repository`. */
  meets(repository: string, a: Footprint, b: Footprint): boolean {
    if (a.known === 'nothing' || b.known === 'nothing') return false
    if (this.footprints.overlap(a, b)) return true
    const rule = this.rules.repositories?.[repository]?.unknownFootprint ?? this.rules.unknownFootprint
    return rule === 'exclusive' && (a.texts.length === 0 || b.texts.length === 0)
  }

  /** Lets `hold` keep its paths. */
  occupy(hold: Hold): void {
    const holds = this.holdsByRepository.get(hold.repository)
    if (holds) holds.add(hold)
    else this.holdsByRepository.set(hold.repository, new Set([hold]))
  }

  /** Gives the paths of `hold` free. */
  vacate(hold: Hold): void {
    this.holdsByRepository.get(hold.repository)?.delete(hold)
    this.lanes.wake(hold)
  }

  /** The items that could start if there were room, in no order. */
  startable(): { size: number; nodes: Iterable<Node> } {
    return { size: this.#entries.size, nodes: this.#entries.keys() }
  }

  /** The item's place among those that could start; undefined when it could not. */
  entry(node: Node): Entry | undefined {
    return this.#entries.get(node)
  }

  #setPlan(plan: Plan | undefined): void {
    this.plan = plan
    this.#places = new Map(plan?.order.map((id, place) => [id, place]))
  }

  /** Brings cycles, paths and places in order, once for any number of events. */
  #settle(): void {
    if (this.#knotsStale && (this.graph.closing.size > 0 || this.#knotted.size > 0)) {
      const touched = findKnots(this.graph, this.#knotted)
      for (const node of touched) {
        this.#stale.add(node)
        for (const link of node.ins) this.#stale.add(link.from)
      }
      this.#knotted = new Set([...touched].filter((node) => node.knot > 0))
    }
    this.#knotsStale = false
    if (this.#stale.size === 0) return
    const changed = updatePaths(this.#stale)
    this.#stale.clear()
    for (const node of changed) this.#refresh(node)
  }

  /** Puts the item among those that could start, moves it there, or takes it out. */
  #refresh(node: Node): void {
    const known = this.#entries.get(node)
    const { item } = node
    if (known) this.lanes.take(known)
    if (item?.state === 'ready' && !node.run && node.open === 0) {
      const footprint = this.footprints.read(item.footprint)
      const standing = this.standing(node, item)
      this.#entries.set(node, this.lanes.add(node, item.agentKind, item.repository, footprint, standing))
    } else if (known) {
      this.#entries.delete(node)
    }
  }
}
