/**
 * The scheduler at work: takes in what has changed, lets the schedule decide, and has the decisions stored and carried out.
 *
 * A look costs what has changed, however large the backlog is. It starts what may start and speaks of what changed. What
 * that means for everything else (who is next, who waits for a place) costs the whole backlog; where that is large it is
 * gone through now and then, so that it takes a small part of the time.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Store, Tx } from '../db/connect.ts'
import { currentDecisions, saveDecisions } from '../db/decisions.ts'
import { defineJob } from '../db/define-job.ts'
import { saveScheduleReports } from '../db/schedule-reports.ts'
import { lockItems } from '../db/work-items.ts'
import type { Decision } from '../scheduler/decision.ts'
import { applyDecisions, type Step, stepFor } from './apply-decisions.ts'
import { type Backlog, reloadItems } from './backlog-snapshot.ts'
import { readBudgets, wakeWhenFull } from './budget.ts'
import { finishEpics } from './finish-epics.ts'
import { History } from './history.ts'
import { type LiveSchedule, type RefreshedSchedule, refreshSchedule } from './live-schedule.ts'
import { OptimiserWorker } from './optimiser-worker.ts'
import { scheduleReportsIn } from './report.ts'
import { noteOnly } from './roadmap-mode.ts'
import { type Circumstances, snapshotOf } from './to-snapshot.ts'

export interface SchedulerContext {
  store: Store
  env: Env
  log: Logger
  /** Bytes the machine could give away now. */
  freeMemory(): number
  /** Told of each run that was committed, so that a runner of this process need not wait for its job. */
  started?(runId: number): void
}

/** Up to this many items every look goes through all of them: it takes a few milliseconds. */
const fewItems = 200
/** Beyond that, going through everything may take one part in so many of the time. */
const oneIn = 10
/** The last decisions about more items than this are asked for all at once. */
const manyItems = 500
/** After so many looks all of it is read anew, so that nothing that was ever missed stays missed. */
const freshEvery = 1_000

/** What one look saw and did. */
interface Seen {
  live: LiveSchedule
  circumstances: Circumstances
  /** About every item, or undefined when this look was not for everything. */
  decisions: Decision[] | undefined
  runIds: number[]
}

/** The scheduler of one process. Any number of them may share a database: one at a time looks. */
export class Scheduler {
  readonly #context: SchedulerContext
  readonly #past = new History()
  readonly #optimiser: OptimiserWorker
  #live: LiveSchedule | undefined
  #looks = 0
  /** When everything may be gone through again, in ms of the process's clock. */
  #nextSurvey = 0

  constructor(context: SchedulerContext) {
    this.#context = context
    this.#optimiser = new OptimiserWorker(context.log)
  }

  /** Handler of the `schedule` queue: one look, decisions and starts in one transaction. */
  async dispatch(): Promise<void> {
    const { store, started } = this.#context
    let seen: Seen
    try {
      seen = await store.transaction((tx) => this.#pass(tx))
    } catch (error) {
      // What was taken in may not have happened.
      this.#live = undefined
      throw error
    }
    for (const runId of seen.runIds) started?.(runId)
    const { live, circumstances, decisions } = seen
    if (!decisions) return
    const snapshot = snapshotOf(live.backlog, circumstances)
    await saveScheduleReports(store.db, scheduleReportsIn(live.backlog, snapshot, decisions))
    this.#optimiser.consider(snapshot, decisions)
  }

  /** Ends what is being thought about. */
  async close(): Promise<void> {
    await this.#optimiser.close()
  }

  async #pass(tx: Tx): Promise<Seen> {
    const began = performance.now()
    const { live, changed, circumstances } = await this.#takeIn(tx)
    await finishEpics(tx, live.backlog, changed)
    const all = live.backlog.items.size <= fewItems || began >= this.#nextSurvey
    let about = live.follow(changed, circumstances, all)
    let decisions: Decision[]
    let steps: Step[]
    for (;;) {
      decisions = all ? live.schedule.decisions() : live.schedule.about([...about].map(String))
      steps = await stepsFor(tx, live.backlog, decisions, circumstances.now)
      // One at a time schedules, but others move items: they are held still before anything is done, and looked at again.
      const moved = await movedOf(tx, live.backlog, steps)
      if (moved.size === 0) break
      about = new Set([...about, ...live.follow(await reloadItems(tx, live.backlog, moved), circumstances, all)])
    }
    await wakeWhenFull(tx, decisions, circumstances.now)
    const runIds: number[] = []
    for (const step of steps) {
      const runId = await applyDecisions(this.#context, tx, live.backlog, step)
      if (runId !== undefined) runIds.push(runId)
    }
    await saveDecisions(
      tx,
      steps.map(({ decided }) => decided),
    )
    const startedItems = steps.filter(({ starts }) => starts).map(({ item }) => item)
    await noteOnly(tx, live.backlog, startedItems)
    await this.#planSurvey(tx, all, began)
    return { live, circumstances, decisions: all ? decisions : undefined, runIds }
  }

  async #takeIn(tx: Tx): Promise<RefreshedSchedule> {
    const { env, freeMemory } = this.#context
    const circumstances = async (backlog: Backlog): Promise<Circumstances> => {
      const now = new Date()
      const spend = await readBudgets(tx, backlog, env, now)
      return { env, past: this.#past, freeMemory: freeMemory(), plan: this.#optimiser.plan, spend, now }
    }
    this.#looks += 1
    const kept = this.#looks % freshEvery === 0 ? undefined : this.#live
    const taken = await refreshSchedule(tx, kept, this.#past, circumstances)
    if (taken.live !== kept) this.#nextSurvey = 0
    this.#live = taken.live
    return taken
  }

  /** A look that left the rest for later sees to it that later comes. */
  async #planSurvey(tx: Tx, all: boolean, began: number): Promise<void> {
    const now = performance.now()
    if (all) this.#nextSurvey = now + oneIn * (now - began)
    else await tx.enqueue({ queue: 'schedule' }, { after: new Date(Date.now() + this.#nextSurvey - began) })
  }
}

async function stepsFor(tx: Tx, backlog: Backlog, decisions: readonly Decision[], now: Date): Promise<Step[]> {
  const ids = decisions.map(({ item }) => Number(item.id))
  const before = await currentDecisions(tx.db, ids.length > manyItems ? undefined : ids)
  return decisions.flatMap((decision) => stepFor(backlog, decision, before.get(Number(decision.item.id)), now) ?? [])
}

/** Locks the items of these steps. @returns those that are not as they were read. */
async function movedOf(tx: Tx, backlog: Backlog, steps: readonly Step[]): Promise<Set<number>> {
  const ids = steps.map(({ item }) => item.id)
  const rows = new Map((ids.length > 0 ? await lockItems(tx, ids) : []).map((row) => [row.id, row]))
  return new Set(ids.filter((id) => !isDeepStrictEqual(rows.get(id), backlog.items.get(id))))
}

export const scheduleJob = defineJob(
  { queue: 'schedule', payload: z.object({}), batch: 1, single: true },
  async ({ scheduler }: { scheduler: Scheduler }) => scheduler.dispatch(),
)
