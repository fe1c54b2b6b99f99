/** The runner of this process: starts attempts, knows which are alive, ends them when Tutti stops. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { shuttingDown } from '../db/queues.ts'
import { getRun, isPlanning } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
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
   * Handler of the `run-agent` queue. Returns at once: a job is not the lease, and an attempt may take hours. The attempt
   * lives in its row; when this process dies, `takeOver` in another one goes on.
   * @throws {RetryAfter} when this process is ending: the job is for the next one.
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

/** Runs whose process is gone (see store/instances.ts): the agent's attempt is over, a gate run starts again. */
export async function takeOverRuns(context: Pick<RunContext, 'store'>, lost: number[]): Promise<void> {
  for (const runId of lost) {
    const run = await getRun(context.store.db, runId)
    if (run?.stage === 'gates') await context.store.queues.send({ queue: 'run-gates', runId })
    if (run?.stage !== 'agent') continue
    // One that plans stays live until `settle` has looked at it.
    const stage = isPlanning(run) ? ('gates' as const) : ('ended' as const)
    await context.store.transaction(async (tx) => {
      const summary = 'The process that ran the agent is gone.'
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
