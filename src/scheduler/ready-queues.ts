/**
 * The items that could start now, kept so that the first one that fits is found without looking at the rest.
 *
 * Items of one repository, kind of agent and footprint stand in one lane, because whatever stops one of them stops all.
 * A lane whose footprint meets that of a branch being worked on is parked at that branch and comes back when it ends, so
 * it is looked at once and not at every decision.
 */
import type { Footprint } from './footprints.ts'
import { Heap, NOWHERE, type Slotted } from './heap.ts'
import type { Node } from './node.ts'

/** An item in its lane. */
export type Entry = Slotted & {
  readonly node: Node
  readonly lane: Lane
  readonly standing: Standing
}

/** What decides between two items, first difference first. */
export type Standing = {
  /** Place in the plan, or Infinity. */
  planned: number
  /** Leverage on a logarithmic scale, with age where the rules say so. */
  score: number
  experience: number
  since: number
  number: number
  id: string
}

export type Lane = Slotted & {
  readonly key: string
  readonly repository: string
  readonly agentKind: string
  readonly footprint: Footprint
  readonly entries: Heap<Entry>
  parkedAt: Hold | undefined
}

/** A branch that is being worked on, as the lanes see it. */
export type Hold = {
  readonly node: Node
  readonly repository: string
  readonly footprint: Footprint
  readonly parked: Set<Lane>
}

/** Whether `a` goes before `b`. Total: two different items never tie. */
export function goesBefore(a: Standing, b: Standing): boolean {
  if (a.planned !== b.planned) return a.planned < b.planned
  if (a.score !== b.score) return a.score > b.score
  if (a.experience !== b.experience) return a.experience > b.experience
  if (a.since !== b.since) return a.since < b.since
  if (a.number !== b.number) return a.number < b.number
  return a.id < b.id
}

/** For sorting; what has no standing comes first. */
export function compareStandings(a: Standing | undefined, b: Standing | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  return goesBefore(a, b) ? -1 : 1
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  /** Repository → kind of agent → lanes that are not parked. */
  readonly queues = new Map<string, Map<string, Heap<Lane>>>()

  add(node: Node, agentKind: string, repository: string, footprint: Footprint, standing: Standing): Entry {
    const key = `${repository} ${agentKind} ${footprint.id}`
    let lane = this.#lanes.get(key)
    if (!lane) {
      const entries = new Heap<Entry>(entryGoesBefore)
      lane = { key, repository, agentKind, footprint, entries, parkedAt: undefined, at: NOWHERE }
      this.#lanes.set(key, lane)
    }
    const entry: Entry = { node, lane, standing, at: NOWHERE }
    this.put(entry)
    return entry
  }

  /** Puts an entry back that was taken out. */
  put(entry: Entry): void {
    const { lane } = entry
    this.#lanes.set(lane.key, lane)
    lane.entries.push(entry)
    if (lane.parkedAt) return
    const queue = this.#queue(lane)
    if (lane.at === NOWHERE) queue.push(lane)
    else queue.move(lane)
  }

  take(entry: Entry): void {
    const { lane } = entry
    lane.entries.remove(entry)
    if (lane.entries.size > 0) {
      if (!lane.parkedAt) this.#queue(lane).move(lane)
      return
    }
    this.#queue(lane).remove(lane)
    lane.parkedAt?.parked.delete(lane)
    lane.parkedAt = undefined
    this.#lanes.delete(lane.key)
  }

  /** Sets a lane aside until that branch ends. */
  park(lane: Lane, hold: Hold): void {
    this.#queue(lane).remove(lane)
    lane.parkedAt = hold
    hold.parked.add(lane)
  }

  /** Brings back what was parked there. */
  wake(hold: Hold): void {
    for (const lane of hold.parked) {
      lane.parkedAt = undefined
      this.#queue(lane).push(lane)
    }
    hold.parked.clear()
  }

  #queue(lane: Lane): Heap<Lane> {
    const kinds = this.queues.get(lane.repository) ?? new Map<string, Heap<Lane>>()
    const queue = kinds.get(lane.agentKind) ?? new Heap(laneGoesBefore)
    this.queues.set(lane.repository, kinds.set(lane.agentKind, queue))
    return queue
  }
}

function entryGoesBefore(a: Entry, b: Entry): boolean {
  return goesBefore(a.standing, b.standing)
}

function laneGoesBefore(a: Lane, b: Lane): boolean {
  const [first, second] = [a.entries.first(), b.entries.first()]
  if (!first || !second) return first !== undefined
  return goesBefore(first.standing, second.standing)
}
