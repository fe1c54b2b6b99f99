/** The scheduler at work: gathers what is known, lets `choose` decide, and has the decisions stored and carried out. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { lockSchedule, saveDecisions } from '../store/items.ts'
import type { Store } from '../store/open.ts'
import { saveOutlooks } from '../store/outlook.ts'
import { type Acted, act } from './act.ts'
import { finishEpics } from './epics.ts'
import { Foresight } from './foresight.ts'
import { gather } from './known.ts'
import { outlooksIn } from './outlook.ts'
import { noteOnly } from './pace.ts'
import { Past } from './past.ts'
import { choose } from './schedule/choose.ts'
import { snapshotOf } from './snapshot.ts'
import { readSpend, wakeWhenFull, withSpend } from './spend.ts'

export interface SchedulerParts {
  store: Store
  env: Env
  log: Logger
  /** Bytes the machine could give away now. */
  freeMemory(): number
  /** Told of each run that was committed, so that a runner of this process need not wait for its job. */
  started?(runId: number): void
}

/** The scheduler of one process. Any number of them may share a database: one at a time looks. */
export class Scheduler {
  readonly #parts: SchedulerParts
  readonly #past = new Past()
  readonly #foresight: Foresight

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#foresight = new Foresight(parts.log)
  }

  /** Handler of the `schedule` queue: one look at everything, decisions and starts in one transaction. */
  async dispatch(): Promise<void> {
    const { store, env, freeMemory, started } = this.#parts
    const seen = await store.transaction(async (tx) => {
      // One scheduler at a time, across processes: two of them would each start up to the cap.
      await lockSchedule(tx)
      const known = await gather(tx)
      await finishEpics(tx, known)
      await this.#past.refresh(tx.db, known.systems)
      const now = new Date()
      const circumstances = { env, past: this.#past, freeMemory: freeMemory(), plan: this.#foresight.plan, now }
      const snapshot = withSpend(snapshotOf(known, circumstances), known, await readSpend(tx, known, env, now))
      const decisions = choose(snapshot)
      await wakeWhenFull(tx, decisions, now)
      const acted: Acted[] = []
      for (const decision of decisions) acted.push(await act(this.#parts, tx, known, decision))
      await saveDecisions(
        tx,
        acted.flatMap(({ decided }) => decided ?? []),
      )
      const runIds = acted.flatMap(({ runId }) => runId ?? [])
      const starts = decisions.filter((decision) => decision.action === 'start').map(({ item }) => Number(item.id))
      await noteOnly(
        tx,
        known,
        starts.flatMap((id) => known.items.get(id) ?? []),
      )
      return { known, snapshot, decisions, runIds }
    })
    for (const runId of seen.runIds) started?.(runId)
    await saveOutlooks(store.db, outlooksIn(seen.known, seen.snapshot, seen.decisions))
    this.#foresight.consider(seen.snapshot, seen.decisions)
  }

  /** Ends what is being thought about. */
  async close(): Promise<void> {
    await this.#foresight.close()
  }
}
