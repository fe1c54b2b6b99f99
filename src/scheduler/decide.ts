/**
 * One pass of decisions. It enters one start after another into the schedule. The reasons of the waiting items are read
 * while these starts are entered. `undo` removes them again.
 */
import { cycleThrough } from './cycles.ts'
import type { Decision, ItemRef, Reason } from './decision.ts'
import type { Heap } from './heap.ts'
import { effortOf, leverageValue } from './leverage.ts'
import { isFinished, type Link, type Node } from './node.ts'
import { followPlan, type Reservation } from './optimiser/follow-plan.ts'
import { goesBefore, type PathLock, type ReadyEntry, type ReadyQueue, type SortKey } from './ready-queues.ts'
import type { ScheduleState } from './schedule-state.ts'
import type { Edge, Item, Run } from './types.ts'

type Start = { entry: ReadyEntry; lock: PathLock; run: Run; by: 'review' | 'plan' | 'leverage' | 'fairness' }

type Candidate = { entry: ReadyEntry; share: readonly [number, number] }

/** One reason names at most this many items. */
const MAX_NAMED = 3

export class DecisionPass {
  readonly #schedule: ScheduleState
  readonly #starts: Start[] = []
  /** Removed from the ready queues because the plan starts other items first. */
  readonly #withheld: ReadyEntry[] = []
  readonly #reserved: ReadonlyMap<Node, Reservation>

  constructor(schedule: ScheduleState) {
    this.#schedule = schedule
    const followed = followPlan(schedule)
    this.#reserved = followed?.reserved ?? new Map()
    // A plan knows hours, and not that people wait for a pull request.
    for (const node of this.#reserved.keys()) if (!node.item?.sentBack) this.#withhold(node)
    this.#enterStarts()
    // An item that the plan starts now was refused: then the plan reserves nothing.
    const started = new Set(this.#starts.map(({ entry }) => entry.node))
    if (followed && ![...followed.now].every((node) => started.has(node))) {
      this.#restoreWithheld()
      this.#enterStarts()
    }
  }

  starts(): Decision[] {
    return this.#starts.map((start) => {
      const { node } = start.entry
      return this.#decision(node, 'start', [{ kind: 'chosen', by: start.by }])
    })
  }

  decide(node: Node): Decision | undefined {
    const start = this.#starts.find(({ entry }) => entry.node === node)
    if (start) return this.#decision(node, 'start', [{ kind: 'chosen', by: start.by }])
    if (!node.item || node.run || isFinished(node.item.state)) return undefined
    return this.#decision(node, 'wait', this.#whyWait(node, node.item))
  }

  all(): Decision[] {
    const starting = new Set(this.#starts.map(({ entry }) => entry.node))
    const waiting: { decision: Decision; sortKey: SortKey }[] = []
    for (const node of this.#schedule.graph.nodes.values()) {
      const decision = starting.has(node) ? undefined : this.decide(node)
      if (decision && node.item) waiting.push({ decision, sortKey: this.#schedule.sortKey(node, node.item) })
    }
    waiting.sort((a, b) => (goesBefore(a.sortKey, b.sortKey) ? -1 : 1))
    return [...this.starts(), ...waiting.map(({ decision }) => decision)]
  }

  /** Removes the entered starts from the schedule, the last one first. */
  undo(): void {
    this.#restoreWithheld()
    for (const { entry, lock, run } of this.#starts.reverse()) {
      this.#schedule.admission.remove(run)
      this.#schedule.unlockPaths(lock)
      this.#schedule.readyQueues.put(entry)
    }
    this.#starts.length = 0
  }

  #withhold(node: Node): void {
    const entry = this.#schedule.readyEntry(node)
    if (!entry) return
    this.#schedule.readyQueues.remove(entry)
    this.#withheld.push(entry)
  }

  #restoreWithheld(): void {
    for (const entry of this.#withheld) this.#schedule.readyQueues.put(entry)
    this.#withheld.length = 0
  }

  #enterStarts(): void {
    for (let start = this.#enterNext(); start !== undefined; start = this.#enterNext()) this.#starts.push(start)
  }

  /** Finds the next item to start and enters its start. */
  #enterNext(): Start | undefined {
    let best: Candidate | undefined
    let highest: ReadyEntry | undefined
    for (const candidate of this.#candidates()) {
      if (!highest || goesBefore(candidate.entry.sortKey, highest.sortKey)) highest = candidate.entry
      if (!best || isNext(candidate, best)) best = candidate
    }
    if (!best) return undefined
    const { sentBack, planned } = best.entry.sortKey
    const order = sentBack ? 'review' : planned < Number.POSITIVE_INFINITY ? 'plan' : 'leverage'
    return this.#enter(best.entry, highest !== best.entry ? 'fairness' : order)
  }

  /** The first item that may start, of each repository and kind of agent. */
  *#candidates(): Generator<Candidate> {
    for (const [repository, classes] of this.#schedule.readyQueues.heaps) {
      const share = this.#usedShare(repository)
      for (const { run, heap } of classes.values()) {
        const entry = this.#schedule.admission.refusal(repository, run) ? undefined : this.#firstFree(heap)
        if (entry) yield { entry, share }
      }
    }
  }

  /**
   * Fairness: the repository with the fewest agents by its weight is next, then the one with the fewest hours by its
   * weight.
   */
  #usedShare(repository: string): readonly [number, number] {
    const { admission, rules } = this.#schedule
    if (rules.fairness === 'none') return [0, 0]
    const repo = admission.repo(repository)
    const weight = repo?.weight ?? 1
    return [admission.agents(repository) / weight, (repo?.hoursUsed ?? 0) / weight]
  }

  #enter(entry: ReadyEntry, by: Start['by']): Start {
    const { admission, readyQueues } = this.#schedule
    const { repository, footprint } = entry.queue
    const { node } = entry
    const run: Run = {
      item: node.id,
      repository,
      agentKind: entry.queue.run.agentKind,
      footprint: footprint.input,
      memoryUsed: 0,
      reserved: admission.costOf(repository, entry.queue.run),
      reservedTokens: admission.tokensOf(repository, entry.queue.run),
    }
    const lock: PathLock = { node, repository, footprint, parked: new Set() }
    readyQueues.remove(entry)
    admission.add(run)
    this.#schedule.lockPaths(lock)
    return { entry, lock, run, by }
  }

  /** The first item whose paths are free. Parks the queues whose paths are locked. */
  #firstFree(heap: Heap<ReadyQueue>): ReadyEntry | undefined {
    const { readyQueues } = this.#schedule
    for (let queue = heap.first(); queue !== undefined; queue = heap.first()) {
      const lock = this.#conflictingLock(queue)
      if (!lock) return queue.entries.first()
      readyQueues.park(queue, lock)
    }
    return undefined
  }

  #conflictingLock(queue: ReadyQueue): PathLock | undefined {
    for (const lock of this.#schedule.locksByRepository.get(queue.repository) ?? []) {
      if (this.#schedule.stops(lock, queue.repository, queue)) return lock
    }
    return undefined
  }

  #whyWait(node: Node, item: Item): Reason[] {
    const reasons: Reason[] = []
    if (item.state !== 'ready') reasons.push({ kind: 'state', state: item.state })
    if (node.component > 0) {
      const { edges, items } = cycleThrough(node)
      reasons.push({ kind: 'cycle', edges, items: items.map((id) => this.#ref(this.#schedule.graph.node(id))) })
    }
    reasons.push(...this.#blockers(node), ...this.#conflicts(node, item))
    const reservation = this.#withheld.some((entry) => entry.node === node) ? this.#reserved.get(node) : undefined
    if (reservation) {
      const first = reservation.for.slice(0, MAX_NAMED).map((other) => this.#ref(other))
      reasons.push({ kind: 'reserved', for: first, hours: reservation.hours })
    }
    const refusals = this.#schedule.admission.refusals(item.repository, item)
    // An item that waits for other reasons does not wait for a free agent yet. But a pause is always reported.
    const isReady = this.#schedule.readyEntry(node) !== undefined
    reasons.push(...refusals.filter((reason) => isReady || reason.kind === 'paused'))
    if (isReady && refusals.some((reason) => reason.kind !== 'paused')) reasons.push(...this.#outranked(node, item))
    if (item.sentBack && item.state === 'ready') reasons.push({ kind: 'sent-back' })
    return reasons
  }

  #blockers(node: Node): Reason[] {
    const { graph } = this.#schedule
    const byNode = new Map<Node, Link[]>()
    for (const link of node.ins) {
      const inCycle = node.component > 0 && link.from.component === node.component
      if (graph.blocks(link) && !inCycle) byNode.set(link.from, [...(byNode.get(link.from) ?? []), link])
    }
    const reasons: Reason[] = []
    for (const [from, links] of [...byNode].sort(([a], [b]) => compareNodes(a, b))) {
      const sources = links.map((link) => link.source).sort()
      if (from.item) reasons.push({ kind: 'blocked', by: this.#ref(from), state: from.item.state, sources })
      else reasons.push({ kind: 'blocked-outside', reference: from.id, state: 'unknown', sources })
    }
    for (const edge of node.outside.toSorted(compareOutside)) {
      const { blocker } = edge
      if (blocker.kind !== 'outside' || !graph.blocksOutside(edge)) continue
      const same = reasons.find((reason) => reason.kind === 'blocked-outside' && reason.reference === blocker.reference)
      if (same?.kind === 'blocked-outside') same.sources.push(edge.source)
      else reasons.push({ ...blocker, kind: 'blocked-outside', sources: [edge.source] })
    }
    return reasons
  }

  #conflicts(node: Node, item: Item): Reason[] {
    const { footprints, locksByRepository } = this.#schedule
    const footprint = footprints.read(item.footprint)
    const locks = [...(locksByRepository.get(item.repository) ?? [])].filter((lock) => lock.node !== node)
    const reasons: Reason[] = []
    for (const lock of locks.sort((a, b) => compareNodes(a.node, b.node))) {
      if (!this.#schedule.stops(lock, item.repository, { footprint, sentBack: item.sentBack === true })) continue
      const overlaps = footprints.overlaps(footprint, lock.footprint)
      const other = this.#ref(lock.node)
      if (overlaps.length === 0) reasons.push({ kind: 'unknown-footprint', with: other })
      else {
        const stage = lock.node.run === undefined ? 'starting' : lock.node.run.agent === false ? 'review' : 'running'
        reasons.push({ kind: 'conflict', with: other, stage, overlaps })
      }
    }
    return reasons
  }

  /** The items that start in its place, because of their leverage or because of fairness between repositories. */
  #outranked(node: Node, item: Item): Reason[] {
    const own = this.#schedule.sortKey(node, item)
    const ahead = this.#starts.filter(({ entry }) => goesBefore(entry.sortKey, own)).slice(0, MAX_NAMED)
    const reasons: Reason[] = []
    if (ahead.length > 0) {
      const by = ahead.map(({ entry }) => this.#ref(entry.node))
      reasons.push({ kind: 'outranked', by, leverage: ahead.map(({ entry }) => this.#leverage(entry.node).value) })
    }
    const fairer = this.#starts.find(
      ({ entry, run }) => run.repository !== item.repository && goesBefore(own, entry.sortKey),
    )
    if (fairer) reasons.push({ kind: 'turn', repository: fairer.run.repository })
    return reasons
  }

  #decision(node: Node, action: Decision['action'], reasons: Reason[]): Decision {
    return { item: this.#ref(node), action, reasons, leverage: this.#leverage(node) }
  }

  #leverage(node: Node): Decision['leverage'] {
    const effort = node.item ? effortOf(node.item) : 0
    const waiting = new Set(node.outs.map((link) => link.to).filter(({ item }) => item && !isFinished(item.state)))
    return { value: leverageValue(node.path, effort), path: node.path, effort, unlocks: waiting.size }
  }

  #ref(node: Node): ItemRef {
    return { id: node.id, repository: node.item?.repository ?? '', number: node.item?.number ?? 0 }
  }
}

function isNext(a: Candidate, b: Candidate): boolean {
  if (a.share[0] !== b.share[0]) return a.share[0] < b.share[0]
  if (a.share[1] !== b.share[1]) return a.share[1] < b.share[1]
  return goesBefore(a.entry.sortKey, b.entry.sortKey)
}

/** A total order, so that reasons do not depend on the order in which edges were read. */
function compareOutside(a: Edge, b: Edge): number {
  const [one, other] = [a, b].map(
    ({ source, blocker }) => `${source} ${blocker.kind === 'outside' ? blocker.reference : ''}`,
  )
  return (one ?? '') < (other ?? '') ? -1 : 1
}

function compareNodes(a: Node, b: Node): number {
  return (a.item?.number ?? 0) - (b.item?.number ?? 0) || (a.id < b.id ? -1 : 1)
}
