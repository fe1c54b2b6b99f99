/**
 * The ready items in queues, so that the first one that may start is found without checking the others.
 *
 * Items with the same repository, kind of agent, size and footprint, all new or all sent back, share one queue, because a limit or a conflict stops all
 * of them. A queue whose footprint overlaps a path lock is parked at that lock until it is released. So it is checked
 * once and not at every decision.
 */
import type { Footprint } from './footprints.ts'
import { Heap, type HeapMember, NOT_IN_HEAP } from './heap.ts'
import type { Node } from './node.ts'
import type { Item, RunClass } from './types.ts'

/** An item in its ready queue. */
export type ReadyEntry = HeapMember & {
  readonly node: Node
  readonly queue: ReadyQueue
  readonly sortKey: SortKey
}

/** The order of two items: the first different field decides. */
export type SortKey = {
  /** Its pull request waits for it: before all new work. */
  sentBack: boolean
  /** The place in the plan, or Infinity. */
  planned: number
  /** Leverage on a logarithmic scale, with the age if the rules use it. */
  score: number
  experience: number
  since: number
  number: number
  id: string
}

export type ReadyQueue = HeapMember & {
  readonly key: string
  readonly repository: string
  readonly run: RunClass
  readonly footprint: Footprint
  readonly sentBack: boolean
  readonly entries: Heap<ReadyEntry>
  parkedAt: PathLock | undefined
}

/** The paths of a run: no item that overlaps with them may start in this repository. */
export type PathLock = {
  readonly node: Node
  readonly repository: string
  readonly footprint: Footprint
  readonly parked: Set<ReadyQueue>
}

/** Whether `a` goes before `b`. A total order: two different items are never equal. */
export function goesBefore(a: SortKey, b: SortKey): boolean {
  if (a.sentBack !== b.sentBack) return a.sentBack
  if (a.planned !== b.planned) return a.planned < b.planned
  if (a.score !== b.score) return a.score > b.score
  if (a.experience !== b.experience) return a.experience > b.experience
  if (a.since !== b.since) return a.since < b.since
  if (a.number !== b.number) return a.number < b.number
  return a.id < b.id
}

/** Compares for sorting. Tasks without a sort key come first. */
export function compareSortKeys(a: SortKey | undefined, b: SortKey | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  return goesBefore(a, b) ? -1 : 1
}

export class ReadyQueues {
  readonly #queues = new Map<string, ReadyQueue>()
  /** Repository → kind of agent and size → queues that are not parked. */
  readonly heaps = new Map<string, Map<string, { run: RunClass; heap: Heap<ReadyQueue> }>>()

  add(node: Node, { agentKind, size, repository }: Item, footprint: Footprint, sortKey: SortKey): ReadyEntry {
    const { sentBack } = sortKey
    const run: RunClass = size === undefined ? { agentKind } : { agentKind, size }
    const key = `${repository} ${classKey(run)} ${footprint.id}${sentBack ? ' sent back' : ''}`
    let queue = this.#queues.get(key)
    if (!queue) {
      const entries = new Heap<ReadyEntry>(entryGoesBefore)
      queue = { key, repository, run, footprint, sentBack, entries, parkedAt: undefined, at: NOT_IN_HEAP }
      this.#queues.set(key, queue)
    }
    const entry: ReadyEntry = { node, queue, sortKey, at: NOT_IN_HEAP }
    this.put(entry)
    return entry
  }

  /** Adds an entry again that was removed. */
  put(entry: ReadyEntry): void {
    const { queue } = entry
    this.#queues.set(queue.key, queue)
    queue.entries.push(entry)
    if (queue.parkedAt) return
    const heap = this.#heapOf(queue)
    if (queue.at === NOT_IN_HEAP) heap.push(queue)
    else heap.move(queue)
  }

  remove(entry: ReadyEntry): void {
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

  /** Removes a queue from its heap until the lock is released. */
  park(queue: ReadyQueue, lock: PathLock): void {
    this.#heapOf(queue).remove(queue)
    queue.parkedAt = lock
    lock.parked.add(queue)
  }

  /** Adds the queues that are parked at a lock to their heaps again. */
  unpark(lock: PathLock): void {
    for (const queue of lock.parked) {
      queue.parkedAt = undefined
      this.#heapOf(queue).push(queue)
    }
    lock.parked.clear()
  }

  #heapOf(queue: ReadyQueue): Heap<ReadyQueue> {
    const classes = this.heaps.get(queue.repository) ?? new Map<string, { run: RunClass; heap: Heap<ReadyQueue> }>()
    const key = classKey(queue.run)
    const found = classes.get(key) ?? { run: queue.run, heap: new Heap(queueGoesBefore) }
    this.heaps.set(queue.repository, classes.set(key, found))
    return found.heap
  }
}

function classKey({ agentKind, size = '' }: RunClass): string {
  return `${agentKind} ${size}`
}

function entryGoesBefore(a: ReadyEntry, b: ReadyEntry): boolean {
  return goesBefore(a.sortKey, b.sortKey)
}

function queueGoesBefore(a: ReadyQueue, b: ReadyQueue): boolean {
  const [first, second] = [a.entries.first(), b.entries.first()]
  if (!first || !second) return first !== undefined
  return goesBefore(first.sortKey, second.sortKey)
}
