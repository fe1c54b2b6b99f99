/**
 * The state of the scheduler between events. `choose()` creates one from a snapshot. A long-running process keeps one
 * and applies events to it. Both give the same decisions.
 */

import { Admission, type Limits } from './admission.ts'
import { computePaths, updatePaths } from './critical-path.ts'
import { type Cycle, findComponents, listCycles } from './cycles.ts'
import { DecisionPass } from './decide.ts'
import type { Decision } from './decision.ts'
import { type Footprint, Footprints } from './footprints.ts'
import { Graph } from './graph.ts'
import { effortOf, leverageValue } from './leverage.ts'
import { isFinished, type Node } from './node.ts'
import { type PathLock, type ReadyEntry, ReadyQueues, type SortKey } from './ready-queues.ts'
import type { ScheduleState } from './schedule-state.ts'
import type { Edge, Item, ItemId, Rules, Run, SchedulePlan, Snapshot } from './types.ts'

export type ScheduleEvent =
  /** A new or changed item. */
  | { kind: 'item'; item: Item }
  | { kind: 'item-removed'; id: ItemId }
  | { kind: 'edge'; edge: Edge }
  | { kind: 'edge-removed'; edge: Edge }
  /** A run has started, or its paths or its memory have changed. */
  | { kind: 'run'; run: Run }
  | { kind: 'run-ended'; item: ItemId }
  /** Replaces all limits at once. */
  | { kind: 'limits'; limits: Limits }
  | { kind: 'plan'; plan: SchedulePlan | undefined }
  /** The new error of the estimates, see `Rules`. */
  | { kind: 'spread'; spread: number | undefined }

export class Schedule implements ScheduleState {
  readonly graph: Graph
  readonly rules: Rules
  readonly footprints = new Footprints()
  readonly readyQueues = new ReadyQueues()
  readonly runs = new Map<ItemId, Run>()
  readonly locks = new Map<ItemId, PathLock>()
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

  /** @param snapshot read once; apply later changes as events. */
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

  /** Applies an event. The cost depends on the nodes that it changes. */
  apply(event: ScheduleEvent): void {
    switch (event.kind) {
      case 'item':
        this.#setItem(event.item)
        break
      case 'item-removed':
        this.#removeItem(event.id)
        break
      case 'edge':
        this.#onEdgeChanged(event.edge, this.graph.addEdge(event.edge))
        break
      case 'edge-removed':
        this.#onEdgeChanged(event.edge, this.graph.removeEdge(event.edge))
        break
      case 'run':
        this.#setRun(event.run)
        break
      case 'run-ended':
        this.#end(event.item)
        break
      case 'limits':
        this.admission = new Admission(event.limits)
        for (const run of this.runs.values()) this.admission.add(run)
        break
      case 'plan':
        this.#setPlan(event.plan)
        for (const entry of [...this.#entries.values()]) this.#refresh(entry.node)
        break
      case 'spread':
        this.spread = event.spread
    }
  }

  /** The items to start now, in their order. Changes nothing: apply a `run` event for each start. */
  next(): Decision[] {
    return this.#withPass((pass) => pass.starts())
  }

  /**
   * The items to start now, as `next`, then the decisions about these items with every reason. There is no decision
   * about a finished, running or unknown item.
   */
  decisionsAbout(ids: Iterable<ItemId>): Decision[] {
    return this.#withPass((pass) => {
      const starts = pass.starts()
      const starting = new Set(starts.map(({ item }) => item.id))
      const others = [...ids].flatMap((id) => (starting.has(id) ? [] : (this.graph.nodes.get(id) ?? [])))
      return [...starts, ...others.flatMap((node) => pass.decide(node) ?? [])]
    })
  }

  /** The decisions about all unfinished items without a run, in the order in which they would start. */
  decisions(): Decision[] {
    return this.#withPass((pass) => pass.all())
  }

  /** The dependency cycles, at most 100. */
  cycles(): Cycle[] {
    this.#update()
    return listCycles(this.#inCycles)
  }

  /** The sort key of an item. */
  sortKey(node: Node, item: Item): SortKey {
    const value = leverageValue(node.path, effortOf(item))
    const { ageingHours } = this.rules
    // Every `ageingHours` of waiting double the leverage. Both sides of a comparison grow equally: on a logarithmic
    // scale the present time cancels out, so the order needs no clock.
    const age = ageingHours ? item.since / (3_600_000 * ageingHours) : 0
    return {
      sentBack: item.sentBack === true,
      planned: this.#places.get(node.id) ?? Number.POSITIVE_INFINITY,
      score: Math.log2(value) - age,
      experience: item.experience ?? 0,
      since: item.since,
      number: item.number,
      id: node.id,
    }
  }

  #withPass<T>(read: (pass: DecisionPass) => T): T {
    this.#update()
    const pass = new DecisionPass(this)
    try {
      return read(pass)
    } finally {
      pass.undo()
    }
  }

  #setItem(item: Item): void {
    const node = this.graph.node(item.id)
    const before = node.item
    node.item = item
    this.#stale.add(node)
    if (before?.repository !== item.repository) this.graph.recount(node)
    if (before?.state !== item.state) {
      for (const other of this.graph.recountDependents(node)) this.#refresh(other)
      // Only an item on a cycle can break one by finishing. Any item can close one by being reopened.
      if (node.component > 0 || (before && isFinished(before.state))) this.#cyclesStale = true
    }
    this.#refresh(node)
  }

  #removeItem(id: ItemId): void {
    const node = this.graph.nodes.get(id)
    if (!node?.item) return
    if (isFinished(node.item.state)) this.#cyclesStale = true
    this.#stale.add(node)
    for (const other of this.graph.removeItem(node)) this.#refresh(other)
    this.#refresh(node)
  }

  #onEdgeChanged(edge: Edge, node: Node | undefined): void {
    if (!node) return
    this.#refresh(node)
    if (edge.blocker.kind === 'outside') return
    this.#cyclesStale = true
    const from = this.graph.nodes.get(edge.blocker.id)
    if (from) this.#stale.add(from)
  }

  #setRun(run: Run): void {
    const lock = this.locks.get(run.item)
    const present = this.runs.get(run.item)
    const samePaths = lock?.repository === run.repository && lock.footprint === this.footprints.read(run.footprint)
    // Once its agent is done, a branch stops fewer items.
    if (present && samePaths && (present.agent === false) === (run.agent === false)) {
      // The paths stay the same, so no queue is unparked: only the counts change.
      this.admission.remove(present)
      this.admission.add(run)
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
    this.admission.add(run)
    const footprint = this.footprints.read(run.footprint)
    const lock: PathLock = { node, repository: run.repository, footprint, parked: new Set() }
    this.locks.set(run.item, lock)
    this.lockPaths(lock)
    this.#refresh(node)
  }

  #end(id: ItemId): void {
    const run = this.runs.get(id)
    const lock = this.locks.get(id)
    if (!run || !lock) return
    lock.node.run = undefined
    this.runs.delete(id)
    this.locks.delete(id)
    this.admission.remove(run)
    this.unlockPaths(lock)
    this.#refresh(lock.node)
    this.graph.removeIfUnused(lock.node)
  }

  /** Whether items with these footprints must not run at the same time in `repository`. */
  mustNotOverlap(repository: string, a: Footprint, b: Footprint): boolean {
    if (a.input === 'nothing' || b.input === 'nothing') return false
    if (this.footprints.overlap(a, b)) return true
    const rule = this.rules.repositories?.[repository]?.unknownFootprint ?? this.rules.unknownFootprint
    return rule === 'exclusive' && (a.texts.length === 0 || b.texts.length === 0)
  }

  /** Whether the paths of `lock` stop an item. A branch in review stops new work alone. */
  stops(lock: PathLock, repository: string, item: { footprint: Footprint; sentBack: boolean }): boolean {
    if (item.sentBack && lock.node.run?.agent === false) return false
    return this.mustNotOverlap(repository, item.footprint, lock.footprint)
  }

  /** Locks the paths of `lock`. */
  lockPaths(lock: PathLock): void {
    const locks = this.locksByRepository.get(lock.repository)
    if (locks) locks.add(lock)
    else this.locksByRepository.set(lock.repository, new Set([lock]))
  }

  /** Releases the paths of `lock`. */
  unlockPaths(lock: PathLock): void {
    this.locksByRepository.get(lock.repository)?.delete(lock)
    this.readyQueues.unpark(lock)
  }

  /** The ready items, in no order: only limits and path locks can delay them. */
  readyItems(): { size: number; nodes: Iterable<Node> } {
    return { size: this.#entries.size, nodes: this.#entries.keys() }
  }

  /** The entry of a ready item; undefined for any other item. */
  readyEntry(node: Node): ReadyEntry | undefined {
    return this.#entries.get(node)
  }

  #setPlan(plan: SchedulePlan | undefined): void {
    this.plan = plan
    this.#places = new Map(plan?.order.map((id, place) => [id, place]))
  }

  /** Updates cycles, paths and entries, once for any number of events. */
  #update(): void {
    if (this.#cyclesStale && (this.graph.closing.size > 0 || this.#inCycles.size > 0)) {
      const members = findComponents(this.graph, this.#inCycles)
      for (const node of members) {
        this.#stale.add(node)
        for (const link of node.ins) this.#stale.add(link.from)
      }
      this.#inCycles = new Set([...members].filter((node) => node.component > 0))
    }
    this.#cyclesStale = false
    if (this.#stale.size === 0) return
    const changed = updatePaths(this.#stale)
    this.#stale.clear()
    for (const node of changed) this.#refresh(node)
  }

  /** Adds the item to the ready queues, moves it, or removes it. */
  #refresh(node: Node): void {
    const entry = this.#entries.get(node)
    const { item } = node
    if (entry) this.readyQueues.remove(entry)
    if (item?.state === 'ready' && !node.run && node.open === 0) {
      const footprint = this.footprints.read(item.footprint)
      const sortKey = this.sortKey(node, item)
      this.#entries.set(node, this.readyQueues.add(node, item, footprint, sortKey))
    } else if (entry) {
      this.#entries.delete(node)
    }
  }
}
