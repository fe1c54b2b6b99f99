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
export type ReadyEntry = Slotted & {
  readonly node: Node
  readonly queue: ReadyQueue
  readonly sortKey: SortKey
}

/** What decides between two items, first difference first. */
export type SortKey = {
  /** Place in the plan, or Infinity. */
  planned: number
  /** Leverage on a logarithmic scale, with age where the rules say so. */
  score: number
  experience: number
  since: number
  number: number
  id: string
}

export type ReadyQueue = Slotted & {
  readonly key: string
  readonly repository: string
  readonly agentKind: string
  readonly footprint: Footprint
  readonly entries: Heap<ReadyEntry>
  parkedAt: PathLock | undefined
}

/** A branch that is being worked on, as the lanes see it. */
export type PathLock = {
  readonly node: Node
  readonly repository: string
  readonly footprint: Footprint
  readonly parked: Set<ReadyQueue>
}

/** Whether `a` goes before `b`. Total: two different items never tie. */
export function goesBefore(a: SortKey, b: SortKey): boolean {
  if (a.planned !== b.planned) return a.planned < b.planned
  if (a.score !== b.score) return a.score > b.score
  if (a.experience !== b.experience) return a.experience > b.experience
  if (a.since !== b.since) return a.since < b.since
  if (a.number !== b.number) return a.number < b.number
  return a.id < b.id
}

/** For sorting; what has no standing comes first. */
export function compareSortKeys(a: SortKey | undefined, b: SortKey | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  return goesBefore(a, b) ? -1 : 1
}

export class ReadyQueues {
  readonly #queues = new Map<string, ReadyQueue>()
  /** Repository → kind of agent → queues that are not parked. */
  readonly heaps = new Map<string, Map<string, Heap<ReadyQueue>>>()

  add(node: Node, agentKind: string, repository: string, footprint: Footprint, sortKey: SortKey): ReadyEntry {
    const key = `${repository} ${agentKind} ${footprint.id}`
    let queue = this.#queues.get(key)
    if (!queue) {
      const entries = new Heap<ReadyEntry>(entryGoesBefore)
      queue = { key, repository, agentKind, footprint, entries, parkedAt: undefined, at: NOWHERE }
      this.#queues.set(key, queue)
    }
    const entry: ReadyEntry = { node, queue, sortKey, at: NOWHERE }
    this.put(entry)
    return entry
  }

  /** Puts an entry back that was taken out. */
  put(entry: ReadyEntry): void {
    const { queue } = entry
    this.#queues.set(queue.key, queue)
    queue.entries.push(entry)
    if (queue.parkedAt) return
    const heap = this.#heapOf(queue)
    if (queue.at === NOWHERE) heap.push(queue)
    else heap.move(queue)
  }

  take(entry: ReadyEntry): void {
    const { queue } = entry
    queue.entries.remove(entry)
    if (queue.entries.size > 0) {
      if (!queue.parkedAt) this.#heapOf(queue).move(queue)
      return
    }
    this.#heapOf(queue).remove(queue)
    queue.parkedAt?.parked.delete(queue)
    queue.parkedAt = undefined
    this.#queues.delete(queue.key)
  }

  /** Sets a queue aside until that branch ends. */
  park(queue: ReadyQueue, lock: PathLock): void {
    this.#heapOf(queue).remove(queue)
    queue.parkedAt = lock
    lock.parked.add(queue)
  }

  /** Brings back what was parked there. */
  wake(lock: PathLock): void {
    for (const queue of lock.parked) {
      queue.parkedAt = undefined
      this.#heapOf(queue).push(queue)
    }
    lock.parked.clear()
  }

  #heapOf(queue: ReadyQueue): Heap<ReadyQueue> {
    const kinds = this.heaps.get(queue.repository) ?? new Map<string, Heap<ReadyQueue>>()
    const heap = kinds.get(queue.agentKind) ?? new Heap(queueGoesBefore)
    this.heaps.set(queue.repository, kinds.set(queue.agentKind, heap))
    return heap
  }
}

function entryGoesBefore(a: ReadyEntry, b: ReadyEntry): boolean {
  return goesBefore(a.sortKey, b.sortKey)
}

function queueGoesBefore(a: ReadyQueue, b: ReadyQueue): boolean {
  const [first, second] = [a.entries.first(), b.entries.first()]
  if (!first || !second) return first !== undefined
  return goesBefore(first.sortKey, second.sortKey)
}
