/** The runner of this process: starts attempts, knows which are running, ends them when Tutti stops. */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { shuttingDown } from '../db/queues.ts'
import { claimRun } from '../db/runs.ts'
import { runAttempt } from './attempt.ts'
import { ClaimedWork } from './claimed-work.ts'
import type { RunContext } from './context.ts'

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
   */
  async start(runId: number): Promise<void> {
    const { store, instance } = this.#context
    if (this.#work.closing) throw shuttingDown()
    await this.#work.begin(
      () => claimRun(store.db, runId, instance, 'waiting'),
      (claimed, stop) => runAttempt(this.#context, claimed, stop, () => this.size),
    )
  }

  /** Ends every agent of this process and records it; they go on after the next start. */
  async close(): Promise<void> {
    await this.#work.close()
  }
}

export const runAgentJob = defineJob(
  { queue: 'run-agent', payload: z.object({ runId: z.number().int() }) },
  async ({ runner }: { runner: Runner }, job) => runner.start(job.runId),
)
