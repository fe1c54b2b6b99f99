/** The runner of this process: starts attempts, knows which are running, ends them when Tutti stops. */

import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { placesWithAgents } from '../db/places.ts'
import { shuttingDown } from '../db/queues.ts'
import { claimRun, getRun, isPlanning } from '../db/runs.ts'
import { currentWorktree } from '../db/worktrees.ts'
import { currentMs } from '../lib/clock.ts'
import { LeaveToOthers } from '../lib/errors.ts'
import { runAttempt } from './attempt.ts'
import { ClaimedWork } from './claimed-work.ts'
import type { RunContext } from './context.ts'
import { leaveUnfit } from './runner-fit.ts'

export class Runner {
  readonly #context: RunContext
  readonly #work: ClaimedWork

  constructor(context: RunContext) {
    this.#context = context
    this.#work = new ClaimedWork(context.log)
  }

  /** How many attempts this process carries out. */
  get size(): number {
    return this.#work.size
  }

  /**
   * Handler of the `run-agent` queue: claims the run, and returns while the attempt goes on. A job is not the lease, and
   * an attempt may take hours. When this process dies, `takeOverRuns` in another one goes on from the row of the run.
   * @throws {RetryAfter} when this process is stopping: the next process takes the job.
   * @throws {LeaveToOthers} when all its slots are taken, it has not what the item asks for, or the worktree of the item
   * is on another disk.
   */
  async start(runId: number): Promise<void> {
    const { store, instance, part } = this.#context
    const slots = part.slots ?? Number.POSITIVE_INFINITY
    if (await belongsElsewhere(this.#context, runId)) throw new LeaveToOthers('its worktree is on another disk', 300)
    await leaveUnfit(this.#context, runId)
    if (this.#work.taken >= slots && !(await isWaiting(store.db, runId))) return
    // Nothing is awaited from here to the claim: what is begun counts at once.
    if (this.#work.closing) throw shuttingDown()
    if (this.#work.taken >= slots) throw new LeaveToOthers('every slot is taken', 1_000)
    await this.#work.begin(
      () => claimRun(store.db, runId, instance, 'waiting'),
      (claimed, stop) => runAttempt(this.#context, claimed, stop, () => this.size),
    )
  }

  /** Begins no other run, and waits until the agents of this process have ended by themselves. */
  async drain(): Promise<void> {
    await this.#work.drain()
  }

  /** Ends every agent of this process and records it; they go on after the next start. */
  async close(): Promise<void> {
    await this.#work.close()
  }
}

/** For so long a run waits for the process that has its worktree, in milliseconds: that one may have no free slot. */
const homeWaitMs = 20_000

/** Whether the run should begin where the worktree of its item is: what is not committed there is nowhere else. */
async function belongsElsewhere({ store, env, place, several }: RunContext, runId: number): Promise<boolean> {
  if (!(await several())) return false
  const run = await getRun(store.db, runId)
  if (run?.stage !== 'waiting' || isPlanning(run) || currentMs() - run.createdAt.getTime() > homeWaitMs) return false
  const tree = await currentWorktree(store.db, run.workItemId)
  if (!tree?.place || tree.place === place) return false
  return (await placesWithAgents(store.db, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)).has(tree.place)
}

async function isWaiting(db: Database, runId: number): Promise<boolean> {
  return (await getRun(db, runId))?.stage === 'waiting'
}

export const runAgentJob = defineJob(
  { queue: 'run-agent', payload: z.object({ runId: z.number().int() }), needsCheckout: true },
  async ({ runner }: { runner: Runner }, job) => runner.start(job.runId),
)
