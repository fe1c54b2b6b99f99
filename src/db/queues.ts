/**
 * The queues (pg-boss), in the same database. A job means "act on row N". It is never a lease, because pg-boss has no
 * fencing: an expired attempt can complete a job that a second attempt is running.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { Db, JobWithMetadata, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Job, JobOf, QueueName } from '../domain/jobs.ts'
import { currentMs } from '../lib/clock.ts'
import { isDiskFull, LeaveToOthers, RetryAfter, waitsUntil } from '../lib/errors.ts'
import { storableString } from '../lib/storable-json.ts'
import type { JobDefinition, QueueOptions } from './define-job.ts'
import { slotOf, startOf } from './job-slots.ts'
import { requeueLostJobs } from './lost-jobs.ts'
import { moveRenamedQueues } from './renamed-queues.ts'

/** A job to send. `after`: not before this time. */
export interface EnqueuedJob {
  job: Job
  after?: Date
}

/** The error of a handler that starts nothing new because its process is ending. */
export function shuttingDown(): RetryAfter {
  return new RetryAfter('this process is ending', new Date(currentMs() + 1_000))
}

/** A job that fails is tried again this often. */
const retryLimit = 8
/**
 * A process that does not say for this long that it is at work on a job has lost it. Looked for every few seconds, so
 * that another process has it within half a minute.
 */
const heartbeatSeconds = 20
/** A job that so many processes have ended with is not begun again: it may be what ends them. */
const mostLosses = 20

export class Queues {
  readonly #boss: PgBoss
  readonly #options: ReadonlyMap<string, QueueOptions>
  readonly #log: Logger
  readonly #workers = new Map<QueueName, string[]>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #activeJobs = new Set<string>()
  readonly #resending = new Set<Promise<void>>()

  /** @param options of all queues. */
  constructor(boss: PgBoss, options: readonly QueueOptions[], log: Logger) {
    this.#boss = boss
    this.#options = new Map(options.map((one) => [one.queue, one]))
    this.#log = log
    // The database was away, or a maintenance pass failed; pg-boss goes on.
    boss.on('error', (error) => log.warn({ err: error }, 'the queue had an error; it goes on'))
    boss.on('warning', (warning) => log.debug({ warning }, 'queue warning'))
  }

  /** Starts the queue engine, creates the queues that are missing, and moves jobs out of queues with old names. */
  async start(db: Parameters<typeof moveRenamedQueues>[2]): Promise<void> {
    await this.#boss.start()
    const existing = new Map((await this.#boss.getQueues()).map((queue) => [queue.name, queue]))
    for (const [name, { single }] of this.#options) {
      const found = existing.get(name)
      if (found?.heartbeatSeconds === heartbeatSeconds) continue
      if (found) await this.#boss.updateQueue(name, { heartbeatSeconds })
      else {
        await this.#boss.createQueue(name, {
          // "short": at most one *waiting* job for each key, however many are sent.
          policy: single ? 'short' : 'standard',
          retryLimit,
          retryDelay: 1,
          retryBackoff: true,
          retryDelayMax: 120,
          expireInSeconds: 15 * 60,
          heartbeatSeconds,
          deleteAfterSeconds: 24 * 3600,
          notify: true,
        })
      }
      // Reads the queue into the cache of pg-boss, where those that were there before its start are. PGlite has one
      // connection: without the cache, a first `send` inside a transaction would wait for ever for a query outside it.
      await this.#boss.fetch(name, { batchSize: 1, ignoreStartAfter: false, minPriority: 1_000_000 })
    }
    await moveRenamedQueues(this.#boss, existing.keys(), db, (job, after) => this.send(job, { after }))
  }

  /**
   * Requeues jobs that were lost with their process, but never one that this process is running.
   * @param which see `requeueLostJobs`.
   */
  async requeue(db: Parameters<typeof requeueLostJobs>[0], which: 'silent' | 'all'): Promise<void> {
    const lost = await requeueLostJobs(db, [...this.#options.keys()], which, [...this.#activeJobs])
    for (const name of lost) this.#wake(name as QueueName)
  }

  /**
   * Queues a job, alone or with a transaction (`db`).
   * @returns false when an equal job of a single queue is waiting already and replaces this one.
   */
  async send(job: Job, options: { db?: Db; after?: Date } = {}): Promise<boolean> {
    const { queue, ...data } = job
    const single = this.#isSingle(queue)
    const after = options.after && startOf(single, options.after)
    // A job for a later time must not replace one that is due now.
    const id = await this.#boss.send(queue, data, {
      db: options.db,
      startAfter: after,
      ...(single ? { singletonKey: slotOf(single, after) } : {}),
    })
    if (after && !options.db) this.#wakeAt(queue, after)
    return id !== null
  }

  /** NOTIFY announces new jobs, not jobs that become due: without this they would wait for the next poll. */
  #wakeAt(queue: QueueName, at: Date): void {
    const delay = Math.max(0, at.getTime() - currentMs()) + 5
    if (delay > 3_600_000) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#wake(queue)
    }, delay)
    timer.unref()
    this.#timers.add(timer)
  }

  /**
   * Queues the jobs of a transaction, in the same order for all transactions. Equal jobs of a single queue are sent
   * once.
   * @returns the queues in which a job that was waiting already replaces one of these.
   */
  async sendAll(sent: readonly EnqueuedJob[], db: Db): Promise<Set<QueueName>> {
    const deduplicated = new Set<QueueName>()
    const seen = new Set<string>()
    const sortKey = ({ job, after }: EnqueuedJob) =>
      `${this.#isSingle(job.queue) ? 1 : 0} ${job.queue} ${slotOf(this.#isSingle(job.queue), after)}`
    for (const entry of sent.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))) {
      const { job, after } = entry
      if (this.#isSingle(job.queue) && seen.has(sortKey(entry))) continue
      seen.add(sortKey(entry))
      if (!(await this.send(job, { after, db })) && !after) deduplicated.add(job.queue)
    }
    return deduplicated
  }

  /** Makes the workers of a queue fetch jobs now, or once more when they are busy. */
  #wake(queue: QueueName): void {
    for (const id of this.#workers.get(queue) ?? []) this.#boss.notifyWorker(id)
  }

  /**
   * To be called with the jobs of a transaction, after its commit. Sets the timers of jobs for a later time: before the
   * commit the workers would find nothing. A job that a waiting one has replaced is sent once more: the waiting job may
   * have been fetched, and may have read the rows, before the commit.
   */
  committed(sent: readonly EnqueuedJob[], deduplicated: ReadonlySet<QueueName>): void {
    for (const { job, after } of sent) if (after) this.#wakeAt(job.queue, startOf(this.#isSingle(job.queue), after))
    for (const queue of deduplicated) {
      const resent = this.send({ queue } as Job)
        .then(() => {})
        .catch((error) => this.#log.warn({ err: error, queue }, 'a queue could not be woken'))
        .finally(() => this.#resending.delete(resent))
      this.#resending.add(resent)
    }
  }

  /** Waits until every job of the transactions that are committed is in its queue. */
  async allSent(): Promise<void> {
    await Promise.all(this.#resending)
  }

  /** Queues many jobs of one queue with a transaction, in one statement. */
  async sendMany<Name extends QueueName>(name: Name, jobs: JobOf<Name>[], db: Db): Promise<void> {
    await this.#boss.insert(
      name,
      jobs.map(({ queue: _, ...data }) => ({ data })),
      { db },
    )
  }

  /** Starts the workers of a queue. @param context the services that the handler uses. */
  async handle<Name extends QueueName, Context>(
    definition: JobDefinition<Name, Context>,
    context: Context,
  ): Promise<void> {
    const { queue, batch, workers } = definition
    const options = {
      batchSize: batch,
      pollingIntervalSeconds: 2,
      notifyPollingIntervalSeconds: 20,
      burstWhenBatchFull: true,
      perJobResults: true as const,
      includeMetadata: true as const,
    }
    const ids: string[] = []
    this.#workers.set(queue, ids)
    for (let worker = 0; worker < workers; worker++) {
      const id = await this.#boss.work(queue, options, async (jobs: JobWithMetadata<object>[]) => {
        for (const { id } of jobs) this.#activeJobs.add(id)
        const results = await Promise.all(jobs.map((job) => this.#attempt(definition, context, job)))
        for (const { id } of jobs) this.#activeJobs.delete(id)
        // Several jobs may have waited for one wake-up. pg-boss fetches again by itself only after a full batch of more
        // than one.
        if (batch === 1) this.#wake(queue)
        return results
      })
      ids.push(id)
    }
  }

  /** Takes no further jobs of these queues; those that are being handled go on. */
  async stopTaking(names: readonly QueueName[]): Promise<void> {
    for (const name of names) {
      if (this.#workers.delete(name)) await this.#boss.offWork(name, { wait: false })
    }
  }

  async #attempt<Name extends QueueName, Context>(
    definition: JobDefinition<Name, Context>,
    context: Context,
    job: JobWithMetadata<object>,
  ) {
    const { id } = job
    const { queue } = definition
    const last = job.retryCount >= job.retryLimit
    const start = performance.now()
    if (job.retryLimit - retryLimit >= mostLosses) {
      const error = new Error(`the process ended ${mostLosses} times while it was at work on this`)
      this.#log.error({ queue, job: id }, `a job is given up: ${error.message}`)
      const reported = await this.#failForGood(definition, context, { queue, ...job.data } as JobOf<Name>, error)
      const status = reported ? ('deadletter' as const) : ('failed' as const)
      return { id, status, output: { message: error.message } }
    }
    try {
      await definition.handle(context, definition.payload.parse(job.data), { last })
      const [waited, ms] = [currentMs() - job.createdOn.getTime(), Math.round(performance.now() - start)]
      this.#log.debug({ queue, waited: waited - ms, ms }, 'a job is done')
      return { id, status: 'completed' as const }
    } catch (error) {
      const message = storableString(error instanceof Error ? error.message : String(error))
      const queued = { queue, ...job.data } as JobOf<Name>
      if (error instanceof LeaveToOthers) {
        // Sent first: this announces it to the others, while this worker fetches nothing.
        await this.send(queued as Job)
        await wait(error.holdMs)
        return { id, status: 'completed' as const, output: { message } }
      }
      const until = waitsUntil(error)
      if (until) {
        if (isDiskFull(error))
          this.#log.error({ queue, why: message }, 'the disk is full: work waits until there is room')
        await this.send(queued as Job, { after: until })
        return { id, status: 'completed' as const, output: { message } }
      }
      this.#log.warn({ err: error, queue, job: id, retry: job.retryCount }, 'a job failed; it will be tried again')
      if (last) await this.#failForGood(definition, context, queued, error)
      this.#wakeAt(queue, retryTime(job.retryCount))
      return { id, status: 'failed' as const, output: { message } }
    }
  }

  async #failForGood<Name extends QueueName, Context>(
    { onFinalFailure }: JobDefinition<Name, Context>,
    context: Context,
    job: JobOf<Name>,
    error: unknown,
  ): Promise<boolean> {
    try {
      await onFinalFailure?.(context, job, error)
      return true
    } catch (failure) {
      this.#log.error({ err: failure, queue: job.queue }, 'the failure of a job could not be reported')
      return false
    }
  }

  #isSingle(queue: QueueName): boolean {
    return this.#options.get(queue)?.single ?? false
  }

  /** Waiting and failed jobs per queue, for health and metrics. */
  async counts(): Promise<Record<string, { waiting: number; failed: number }>> {
    const rows = await this.#boss.getQueues()
    return Object.fromEntries(rows.map((row) => [row.name, { waiting: row.readyCount, failed: row.failedCount }]))
  }

  /** Lets running handlers finish (up to 10 s) and takes no new jobs. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await this.allSent()
    await this.#boss.stop({ graceful: true, timeout: 10_000, close: true })
  }
}

/**
 * The latest time at which pg-boss retries a failed job: with `retryDelay` 1 and `retryBackoff` it waits between 2^n
 * and 2^(n+1) seconds, at most `retryDelayMax` (pg-boss, `plans.js`).
 */
function retryTime(retryCount: number): Date {
  return new Date(currentMs() + Math.min(120, 2 ** (retryCount + 1)) * 1_000)
}
