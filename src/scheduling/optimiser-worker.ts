/**
 * Thinking ahead, off the hot path: while agents work, a worker thread looks for a better order than the plain rule
 * gives (see schedule/improve.ts), and the next looks follow it. It is advice: without it the rule alone serves.
 */

import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Decision } from '../scheduler/decision.ts'
import { MAX_TASKS } from '../scheduler/optimiser/rcpsp.ts'
import type { SchedulePlan, Snapshot } from '../scheduler/types.ts'

/** What the thread is asked, and what it answers: no plan when the one there is will do. */
export interface OptimiserRequest {
  snapshot: Snapshot
  hoursSince: number
}
export interface OptimiserResult {
  plan: SchedulePlan | undefined
}

/** Fewer items than this that wait for a place leave nothing to choose. */
const fewest = 2

/** A thread costs memory; one that has had nothing to do for this long is ended. */
const idleMs = 30_000

export class OptimiserWorker {
  readonly #log: Logger
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  /** What is thought about now, and what came meanwhile: only the newest counts. */
  #asked: Snapshot | undefined
  #latest: Snapshot | undefined
  #madeAt = 0
  /** The order to follow, when there is one. */
  plan: SchedulePlan | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Thinks about a backlog in which more is ready than could start. Returns at once. */
  consider(snapshot: Snapshot, decisions: readonly Decision[]): void {
    const ready = new Set(snapshot.items.filter((item) => item.state === 'ready').map((item) => item.id))
    const waiting = decisions.filter(({ action, item }) => action === 'wait' && ready.has(item.id))
    if (waiting.length < fewest || ready.size > MAX_TASKS) {
      this.#latest = undefined
      if (ready.size === 0 || ready.size > MAX_TASKS) this.plan = undefined
      return
    }
    this.#latest = afterStarts(snapshot, decisions)
    this.#think()
  }

  #think(): void {
    if (this.#asked || !this.#latest) return
    this.#asked = { ...this.#latest, ...(this.plan ? { plan: this.plan } : {}) }
    this.#latest = undefined
    clearTimeout(this.#idle)
    const question: OptimiserRequest = { snapshot: this.#asked, hoursSince: (Date.now() - this.#madeAt) / 3_600_000 }
    this.#thread().postMessage(question)
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./optimiser-worker-main.ts', import.meta.url))
    // It must not keep a process alive that wants to end.
    worker.unref()
    worker.on('message', ({ plan }: OptimiserResult) => {
      if (plan) {
        this.plan = plan
        this.#madeAt = Date.now()
        this.#log.debug({ items: plan.order.length, hours: plan.makespan }, 'a plan for the backlog was found')
      }
      this.#done()
    })
    worker.on('error', (error) => {
      this.#log.warn({ err: error }, 'planning ahead failed; the plain rule serves')
      this.#worker = undefined
      this.#done()
    })
    this.#worker = worker
    return worker
  }

  #done(): void {
    this.#asked = undefined
    this.#think()
    if (this.#asked) return
    this.#idle = setTimeout(() => void this.close(), idleMs)
    this.#idle.unref()
  }

  /** Ends the thread. It comes back when it is needed. */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    this.#asked = undefined
    this.#latest = undefined
    await worker?.terminate()
  }
}

/** The backlog as it is once the starts that were decided have begun. */
function afterStarts(snapshot: Snapshot, decisions: readonly Decision[]): Snapshot {
  const starting = new Set(decisions.filter(({ action }) => action === 'start').map(({ item }) => item.id))
  const started = snapshot.items.filter((item) => starting.has(item.id))
  return {
    ...snapshot,
    items: snapshot.items.map((item) => (starting.has(item.id) ? { ...item, state: 'running' as const } : item)),
    runs: [
      ...snapshot.runs,
      ...started.map(({ id, repository, agentKind, footprint }) => ({ item: id, repository, agentKind, footprint })),
    ],
  }
}
