/**
 * The backlog as the scheduler keeps it between events. `choose()` builds one from a snapshot; a long-running process
 * keeps one and tells it what happens, and both give the same answers.
 */

import { Admission, type Limits } from './admission.ts'
import { computePaths, updatePaths } from './critical-path.ts'
import { type Cycle, findComponents, listCycles } from './cycles.ts'
import { DecisionPass } from './decide.ts'
import type { Decision } from './decision.ts'
import { type Footprint, Footprints } from './footprints.ts'
import { Graph } from './graph.ts'
import { effortOf, leverageValue } from './leverage.ts'
import { isOver, type Node } from './node.ts'
import { type PathLock, type ReadyEntry, ReadyQueues, type SortKey } from './ready-queues.ts'
import type { ScheduleState } from './schedule-state.ts'
import type { Edge, Item, ItemId, Rules, Run, SchedulePlan, Snapshot } from './types.ts'

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
  | { kind: 'plan'; plan: SchedulePlan | undefined }
  /** How far estimates are off by now, see `Rules`. */
  | { kind: 'spread'; spread: number | undefined }

export class Schedule implements ScheduleState {
  readonly graph: Graph
  readonly rules: Rules
  readonly footprints = new Footprints()
  readonly readyQueues = new ReadyQueues()
  readonly runs = new Map<ItemId, Run>()
  readonly holds = new Map<ItemId, PathLock>()
  readonly locksByRepository = new Map<string, Set<PathLock>>()
  admission: Admission
  plan: SchedulePlan | undefined
  /** As `Rules.estimateSpread`. */
  spread: number | undefined
  readonly #entries = new Map<Node, ReadyEntry>()
  #places = new Map<ItemId, number>()
  #inCycles = new Set<Node>()
  /** Nodes whose path may have changed. */
  #stale = new Set<Node>()
  #cyclesStale = false

  /** @param snapshot read once; later changes come as events. */
  constructor(snapshot: Snapshot) {
    this.rules = snapshot.rules ?? {}
    this.spread = this.rules.estimateSpread
    this.graph = new Graph(this.rules)
    this.graph.load(snapshot.items, snapshot.edges)
    this.#inCycles = findComponents(this.graph, [])
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
    return listCycles(this.#inCycles)
  }

  /** What the order of this item against others is made of. */
  sortKey(node: Node, item: Item): SortKey {
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

  #round<T>(ask: (round: DecisionPass) => T): T {
    this.#settle()
    const round = new DecisionPass(this)
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
      if (node.component > 0 || (before && isOver(before.state))) this.#cyclesStale = true
    }
    this.#refresh(node)
  }

  #removeItem(id: ItemId): void {
    const node = this.graph.nodes.get(id)
    if (!node?.item) return
    if (isOver(node.item.state)) this.#cyclesStale = true
    this.#stale.add(node)
    for (const other of this.graph.forget(node)) this.#refresh(other)
    this.#refresh(node)
  }

  #changedEdge(edge: Edge, node: Node | undefined): void {
    if (!node) return
    this.#refresh(node)
    if (edge.blocker.kind === 'outside') return
    this.#cyclesStale = true
    const from = this.graph.nodes.get(edge.blocker.id)
    if (from) this.#stale.add(from)
  }

  #setRun(run: Run): void {
    const lock = this.holds.get(run.item)
    const backlog = this.runs.get(run.item)
    if (backlog && lock?.repository === run.repository && lock.footprint === this.footprints.read(run.footprint)) {
      // What waits for its files waits on: only the numbers are others.
      this.admission.leave(backlog)
      this.admission.enter(run)
      lock.node.run = run
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
    const lock: PathLock = { node, repository: run.repository, footprint, parked: new Set() }
    this.holds.set(run.item, lock)
    this.occupy(lock)
    this.#refresh(node)
  }

  #end(id: ItemId): void {
    const run = this.runs.get(id)
    const lock = this.holds.get(id)
    if (!run || !lock) return
    lock.node.run = undefined
    this.runs.delete(id)
    this.holds.delete(id)
    this.admission.leave(run)
    this.vacate(lock)
    this.#refresh(lock.node)
    this.graph.tidy(lock.node)
  }

  /** Whether what has the one footprint must wait for what has the other, both in `repository`. */
  meets(repository: string, a: Footprint, b: Footprint): boolean {
    if (a.backlog === 'nothing' || b.backlog === 'nothing') return false
    if (this.footprints.overlap(a, b)) return true
    const rule = this.rules.repositories?.[repository]?.unknownFootprint ?? this.rules.unknownFootprint
    return rule === 'exclusive' && (a.texts.length === 0 || b.texts.length === 0)
  }

  /** Lets `hold` keep its paths. */
  occupy(lock: PathLock): void {
    const holds = this.locksByRepository.get(lock.repository)
    if (holds) holds.add(lock)
    else this.locksByRepository.set(lock.repository, new Set([lock]))
  }

  /** Gives the paths of `hold` free. */
  vacate(lock: PathLock): void {
    this.locksByRepository.get(lock.repository)?.delete(lock)
    this.readyQueues.wake(lock)
  }

  /** The items that could start if there were room, in no order. */
  startable(): { size: number; nodes: Iterable<Node> } {
    return { size: this.#entries.size, nodes: this.#entries.keys() }
  }

  /** The item's place among those that could start; undefined when it could not. */
  entry(node: Node): ReadyEntry | undefined {
    return this.#entries.get(node)
  }

  #setPlan(plan: SchedulePlan | undefined): void {
    this.plan = plan
    this.#places = new Map(plan?.order.map((id, place) => [id, place]))
  }

  /** Brings cycles, paths and places in order, once for any number of events. */
  #settle(): void {
    if (this.#cyclesStale && (this.graph.closing.size > 0 || this.#inCycles.size > 0)) {
      const touched = findComponents(this.graph, this.#inCycles)
      for (const node of touched) {
        this.#stale.add(node)
        for (const link of node.ins) this.#stale.add(link.from)
      }
      this.#inCycles = new Set([...touched].filter((node) => node.component > 0))
    }
    this.#cyclesStale = false
    if (this.#stale.size === 0) return
    const changed = updatePaths(this.#stale)
    this.#stale.clear()
    for (const node of changed) this.#refresh(node)
  }

  /** Puts the item among those that could start, moves it there, or takes it out. */
  #refresh(node: Node): void {
    const backlog = this.#entries.get(node)
    const { item } = node
    if (backlog) this.readyQueues.take(backlog)
    if (item?.state === 'ready' && !node.run && node.open === 0) {
      const footprint = this.footprints.read(item.footprint)
      const sortKey = this.sortKey(node, item)
      this.#entries.set(node, this.readyQueues.add(node, item.agentKind, item.repository, footprint, sortKey))
    } else if (backlog) {
      this.#entries.delete(node)
    }
  }
}
