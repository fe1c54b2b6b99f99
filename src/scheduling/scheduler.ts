/**
 * The scheduler of a process: each pass reads the changes, updates the schedule, and stores and applies its decisions.
 *
 * The cost of a pass depends on the changes and not on the size of the backlog. A pass starts items and decides about
 * the changed ones. The decisions about all other items (which is next, which waits for a free agent) cost time for the
 * whole backlog. In a large backlog only some passes are full passes, so that they take a small share of the time.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Database, Store, Tx } from '../db/connect.ts'
import { currentDecisions, saveDecisions } from '../db/decisions.ts'
import { defineJob } from '../db/define-job.ts'
import type { AgentCapacity } from '../db/places.ts'
import { saveScheduleReports } from '../db/schedule-reports.ts'
import { lockItems } from '../db/work-items.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import type { Decision } from '../scheduler/decision.ts'
import { RoadmapPhases } from './announce-phases.ts'
import { applyStep, type Step, stepFor, withinItemBudget } from './apply-decisions.ts'
import { type Backlog, reloadItems } from './backlog-snapshot.ts'
import { readBudgets, wakeWhenFull } from './budget.ts'
import { finishEpics } from './finish-epics.ts'
import { History } from './history.ts'
import { type LiveSchedule, type RefreshedSchedule, refreshSchedule } from './live-schedule.ts'
import { MemoryOfKinds } from './memory-of-kinds.ts'
import { OptimiserWorker } from './optimiser-worker.ts'
import { scheduleReportsIn } from './report.ts'
import { recordOnlyPart } from './roadmap-mode.ts'
import { startProposals } from './start-proposals.ts'
import { startReview } from './start-review.ts'
import { type PassContext, snapshotOf } from './to-snapshot.ts'

export interface SchedulerContext {
  store: Store
  env: Env
  log: Logger
  /** Available memory for agents, in bytes. */
  freeMemory(): number
  /** The same with other machines, and how many agents there may be at once; `freeMemory` alone when absent. */
  capacity?(db: Database): Promise<AgentCapacity>
  /** Called for each committed run, so that a runner of this process need not wait for its job. */
  started?(runId: number): void | Promise<void>
}

/** With up to this many items every pass is a full pass: it takes a few milliseconds. */
const smallBacklog = 200
/** In a larger backlog, full passes take at most one part in this many of the time. */
const fullPassShare = 10
/** For more items than this, the last decisions about all items are read. */
const maxItemsInQuery = 500
/** After this many passes the whole backlog is read again, so that no missed change stays missed. */
const passesBetweenReloads = 1_000

/** The result of one pass. */
interface PassResult {
  live: LiveSchedule
  passContext: PassContext
  /** The decisions about all items; undefined unless this was a full pass. */
  decisions: Decision[] | undefined
  runIds: number[]
}

/** The scheduler of one process. Any number of them may share a database: only one at a time makes a pass. */
export class Scheduler {
  readonly #context: SchedulerContext
  readonly #history = new History()
  readonly #optimiser: OptimiserWorker
  readonly #memory = new MemoryOfKinds()
  #live: LiveSchedule | undefined
  #passes = 0
  /** The earliest time of the next full pass, in ms of the process's clock. */
  #nextFullPass = 0

  constructor(context: SchedulerContext) {
    this.#context = context
    this.#optimiser = new OptimiserWorker(context.log)
  }

  /** Handler of the `schedule` queue: one pass. Its decisions and starts commit in one transaction. */
  async dispatch(): Promise<void> {
    const { store, started, log } = this.#context
    let result: PassResult
    try {
      result = await store.transaction((tx) => this.#pass(tx))
    } catch (error) {
      // The changes that the pass has read may be rolled back.
      this.#live = undefined
      throw error
    }
    // Several runners share a database: the job is for them; the one of this process can begin at once.
    for (const runId of result.runIds)
      void Promise.resolve(started?.(runId)).catch((err) => log.debug({ err }, 'left to the job'))
    const { live, passContext, decisions } = result
    if (!decisions) return
    const snapshot = snapshotOf(live.backlog, passContext)
    await saveScheduleReports(store.db, scheduleReportsIn(live.backlog, snapshot, decisions))
    this.#optimiser.optimiseInBackground(snapshot, decisions)
  }

  /**
   * Handler of the `start-review` queue; see `startReview`.
   * @throws {RetryAfter} while no other agent may start.
   */
  async startReview(job: { workItemId: number; sha: string }): Promise<void> {
    const { started, log } = this.#context
    const runId = await startReview({ ...this.#context, history: this.#history, memory: this.#memory }, job)
    if (runId === undefined) return
    void Promise.resolve(started?.(runId)).catch((err) => log.debug({ err }, 'left to the job'))
  }

  /** Handler of the `start-proposals` queue; see `startProposals`. @throws {RetryAfter} as `startReview`. */
  async startProposals(job: { roundId: number }): Promise<void> {
    const { started, log } = this.#context
    const runId = await startProposals({ ...this.#context, history: this.#history, memory: this.#memory }, job)
    if (runId === undefined) return
    void Promise.resolve(started?.(runId)).catch((err) => log.debug({ err }, 'left to the job'))
  }

  /** Ends the optimiser. */
  async close(): Promise<void> {
    await this.#optimiser.close()
  }

  async #pass(tx: Tx): Promise<PassResult> {
    const began = performance.now()
    const { live, changed, passContext } = await this.#refresh(tx)
    await finishEpics(tx, live.backlog, changed)
    const isFullPass = live.backlog.items.size <= smallBacklog || began >= this.#nextFullPass
    let affected = live.update(changed, passContext, isFullPass)
    let decisions: Decision[]
    let steps: Step[]
    for (;;) {
      decisions = isFullPass ? live.schedule.decisions() : live.schedule.decisionsAbout([...affected].map(String))
      steps = await stepsFor(tx, live.backlog, decisions, passContext.now)
      // Other transactions may change items during the pass: the items of the steps are locked and compared before any
      // step.
      const changedMeanwhile = await lockAndFindChanged(tx, live.backlog, steps)
      if (changedMeanwhile.size === 0) break
      const reloaded = await reloadItems(tx, live.backlog, changedMeanwhile)
      affected = new Set([...affected, ...live.update(reloaded, passContext, isFullPass)])
    }
    await wakeWhenFull(tx, decisions, passContext.now)
    for (const [at, step] of steps.entries()) steps[at] = await withinItemBudget(tx, live.backlog, step, passContext)
    const builds = steps.filter(({ starts, item }) => starts && item.state === 'ready')
    const phases = await RoadmapPhases.read(tx, live.backlog, changed, new Set(builds.map(({ item }) => item.id)))
    await phases.announceStarts(tx)
    const runIds: number[] = []
    for (const step of steps) {
      const runId = await applyStep(this.#context, tx, live.backlog, step)
      if (runId !== undefined) runIds.push(runId)
    }
    await phases.announceNow(tx, ({ id }) => live.isBlocked(id))
    await saveDecisions(
      tx,
      steps.map(({ decision }) => decision),
    )
    const startedItems = steps.filter(({ starts }) => starts).map(({ item }) => item)
    await recordOnlyPart(tx, live.backlog, startedItems)
    await this.#scheduleFullPass(tx, isFullPass, began)
    return { live, passContext, decisions: isFullPass ? decisions : undefined, runIds }
  }

  async #capacity(db: Database): Promise<AgentCapacity> {
    const { freeMemory, capacity } = this.#context
    return capacity ? capacity(db) : { freeMemory: freeMemory(), slots: undefined, labels: [[]] }
  }

  async #refresh(tx: Tx): Promise<RefreshedSchedule> {
    const { env } = this.#context
    const { freeMemory, slots, labels: runners } = await this.#capacity(tx.db)
    const passContext = async (backlog: Backlog): Promise<PassContext> => {
      const now = currentTime()
      const spending = await readBudgets(tx, backlog, env, now)
      const memoryOfKind = await this.#memory.read(tx.db, now)
      const { plan } = this.#optimiser
      return { env, history: this.#history, freeMemory, slots, runners, plan, memoryOfKind, spending, now }
    }
    this.#passes += 1
    const kept = this.#passes % passesBetweenReloads === 0 ? undefined : this.#live
    const refreshed = await refreshSchedule(tx, kept, this.#history, passContext)
    if (refreshed.live !== kept) this.#nextFullPass = 0
    this.#live = refreshed.live
    return refreshed
  }

  /** After a pass that was no full pass, queues the next full pass. */
  async #scheduleFullPass(tx: Tx, wasFullPass: boolean, began: number): Promise<void> {
    const now = performance.now()
    if (wasFullPass) this.#nextFullPass = now + fullPassShare * (now - began)
    else await tx.enqueue({ queue: 'schedule' }, { after: new Date(currentMs() + this.#nextFullPass - began) })
  }
}

async function stepsFor(tx: Tx, backlog: Backlog, decisions: readonly Decision[], now: Date): Promise<Step[]> {
  const ids = decisions.map(({ item }) => Number(item.id))
  const before = await currentDecisions(tx.db, ids.length > maxItemsInQuery ? undefined : ids)
  return decisions.flatMap((decision) => stepFor(backlog, decision, before.get(Number(decision.item.id)), now) ?? [])
}

/** Locks the items of these steps. @returns the items that have changed since they were read. */
async function lockAndFindChanged(tx: Tx, backlog: Backlog, steps: readonly Step[]): Promise<Set<number>> {
  const ids = steps.map(({ item }) => item.id)
  const rows = new Map((ids.length > 0 ? await lockItems(tx, ids) : []).map((row) => [row.id, row]))
  return new Set(ids.filter((id) => !isDeepStrictEqual(rows.get(id), backlog.items.get(id))))
}

export const scheduleJob = defineJob(
  { queue: 'schedule', payload: z.object({}), batch: 1, single: true },
  async ({ scheduler }: { scheduler: Scheduler }) => scheduler.dispatch(),
)
