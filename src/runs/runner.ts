/** The runner of this process: starts attempts, knows which are running, ends them when Tutti stops. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { shuttingDown } from '../db/queues.ts'
import { getRun, isPlanning } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { processGone } from '../messages/runs.ts'
import { runAttempt } from './attempt.ts'
import type { RunContext } from './context.ts'

export class Runner {
  readonly #context: RunContext
  readonly #active = new Map<number, { stop: AbortController; ended: Promise<void> }>()
  #closing = false

  constructor(context: RunContext) {
    this.#context = context
  }

  /** How many attempts this process carries out. */
  get size(): number {
    return this.#active.size
  }

  /**
   * Handler of the `run-agent` queue. Returns at once: a job is not the lease, and an attempt may take hours. When this
   * process dies, `takeOverRuns` in another one goes on from the row of the run.
   * @throws {RetryAfter} when this process is stopping: the next process takes the job.
   */
  start(runId: number): void {
    if (this.#closing) throw shuttingDown()
    if (this.#active.has(runId)) return
    const stop = new AbortController()
    const ended = runAttempt(this.#context, runId, stop, () => this.size)
      .catch((error) => this.#context.log.error({ err: error, run: runId }, 'an attempt could not be recorded'))
      .finally(() => this.#active.delete(runId))
    this.#active.set(runId, { stop, ended })
  }

  /** Ends every agent of this process and records it; they go on after the next start. */
  async close(): Promise<void> {
    this.#closing = true
    for (const { stop } of this.#active.values()) stop.abort('shutdown')
    await Promise.all([...this.#active.values()].map(({ ended }) => ended))
  }
}

/** Takes over runs of dead processes (see db/processes.ts): the attempt of an agent is over, gates run again. */
export async function takeOverRuns(context: Pick<RunContext, 'store'>, lost: number[]): Promise<void> {
  for (const runId of lost) {
    const run = await getRun(context.store.db, runId)
    if (run?.stage === 'gates') await context.store.queues.send({ queue: 'run-gates', runId })
    if (run?.stage !== 'agent') continue
    // A planning run counts as live until after-run.ts has processed it.
    const stage = isPlanning(run) ? ('gates' as const) : ('ended' as const)
    await context.store.transaction(async (tx) => {
      const summary = processGone
      await tx.db
        .update(runs)
        .set({ stage, outcome: 'runner lost', summary, endedAt: new Date() })
        .where(eq(runs.id, runId))
      await tx.enqueue({ queue: 'after-run', runId })
      await tx.enqueue({ queue: 'schedule' })
    })
  }
}

export const runAgentJob = defineJob(
  { queue: 'run-agent', payload: z.object({ runId: z.number().int() }) },
  async ({ runner }: { runner: Runner }, job) => runner.start(job.runId),
)
