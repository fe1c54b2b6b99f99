/**
 * Runs the optimiser in the background: while agents work, a worker thread searches a better order than that by
 * leverage (see `scheduler/optimiser/optimise.ts`). The next passes follow it. Without a plan the order by leverage is
 * used.
 */

import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Decision } from '../scheduler/decision.ts'
import { MAX_TASKS } from '../scheduler/optimiser/rcpsp.ts'
import type { SchedulePlan, Snapshot } from '../scheduler/types.ts'

/** The message to the thread, and its result: no plan when the present one is good enough. */
export interface OptimiserRequest {
  snapshot: Snapshot
  hoursSince: number
  method: 'portfolio' | 'genetic'
  /** Searches although the plan is not stale. */
  always: boolean
}
export interface OptimiserResult {
  plan: SchedulePlan | undefined
  method: OptimiserRequest['method']
  /** How long the search took. */
  ms: number
}

/** With fewer waiting items than this there is nothing to optimise. */
const minWaiting = 2

/**
 * A genetic search is followed by a pause of this many times its own time, in which a plan is made by rules alone, in a tenth of the
 * time: where an item comes every second, there would be a search without an end, and the agents need the processor.
 */
const pauseFactor = 50

/** A thread uses memory: it is ended after being idle for this long. */
const idleMs = 30_000

export class OptimiserWorker {
  readonly #log: Logger
  #worker: Worker | undefined
  #idleTimer: NodeJS.Timeout | undefined
  /** The snapshot that the thread works on, and the newest one after it. */
  #inProgress: Snapshot | undefined
  #next: Snapshot | undefined
  #planTime = 0
  /** The plan was made by rules alone, and a genetic search follows when it may. */
  #byRules = false
  /** When the next genetic search may begin, by `performance.now()`. */
  #geneticFrom = 0
  /** The order to follow, when there is one. */
  plan: SchedulePlan | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Optimises a backlog in the background if more items are ready than can start. Returns at once. */
  optimiseInBackground(snapshot: Snapshot, decisions: readonly Decision[]): void {
    const ready = new Set(snapshot.items.filter((item) => item.state === 'ready').map((item) => item.id))
    const waiting = decisions.filter(({ action, item }) => action === 'wait' && ready.has(item.id))
    if (waiting.length < minWaiting || ready.size > MAX_TASKS) {
      this.#next = undefined
      if (ready.size === 0 || ready.size > MAX_TASKS) this.plan = undefined
      return
    }
    this.#next = afterStarts(snapshot, decisions)
    this.#startNext()
  }

  #startNext(): void {
    if (this.#inProgress || !this.#next) return
    this.#inProgress = { ...this.#next, ...(this.plan ? { plan: this.plan } : {}) }
    this.#next = undefined
    clearTimeout(this.#idleTimer)
    const now = performance.now()
    const genetic = now >= this.#geneticFrom
    const request: OptimiserRequest = {
      snapshot: this.#inProgress,
      hoursSince: (now - this.#planTime) / 3_600_000,
      method: genetic ? 'genetic' : 'portfolio',
      always: genetic && this.#byRules,
    }
    this.#getWorker().postMessage(request)
  }

  #follow(plan: SchedulePlan, { method, ms }: OptimiserResult): void {
    this.plan = plan
    this.#planTime = performance.now()
    this.#byRules = method === 'portfolio'
    if (method === 'genetic') this.#geneticFrom = this.#planTime + pauseFactor * ms
    this.#log.debug({ items: plan.order.length, hours: plan.makespan, method }, 'a plan for the backlog was found')
  }

  #getWorker(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./optimiser-worker-main.ts', import.meta.url))
    // The thread must not keep the process alive.
    worker.unref()
    worker.on('message', (result: OptimiserResult) => {
      if (result.plan) this.#follow(result.plan, result)
      this.#finishRequest()
    })
    worker.on('error', (error) => {
      this.#log.warn({ err: error }, 'the optimiser failed; the order by leverage is used')
      this.#worker = undefined
      this.#finishRequest()
    })
    this.#worker = worker
    return worker
  }

  #finishRequest(): void {
    this.#inProgress = undefined
    this.#startNext()
    if (this.#inProgress) return
    this.#idleTimer = setTimeout(() => void this.close(), idleMs)
    this.#idleTimer.unref()
  }

  /** Ends the thread. The next request starts a new one. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    const worker = this.#worker
    this.#worker = undefined
    this.#inProgress = undefined
    this.#next = undefined
    await worker?.terminate()
  }
}

/** The backlog after the decided starts. */
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
