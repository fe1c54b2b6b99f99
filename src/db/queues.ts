/**
 * The queues (pg-boss) in the same database. A job says "act on row N"; it is never the lease of anything, because
 * pg-boss has no fencing: an attempt that expired can complete a job that a second attempt is running.
 */

import type { Db, JobWithMetadata, PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Job, JobOf, QueueName } from '../domain/jobs.ts'
import { findRetryAfter, RetryAfter } from '../lib/errors.ts'
import type { JobDefinition, QueueOptions } from './define-job.ts'
import { giveBackLostJobs } from './lost-jobs.ts'
import { moveRenamedQueues } from './renamed-queues.ts'

/** A job that was asked for. `after`: not before this time. */
export interface EnqueuedJob {
  job: Job
  after?: Date
}

/** What a handler throws that starts nothing new because its process is ending. */
export function shuttingDown(): RetryAfter {
  return new RetryAfter('this process is ending', new Date(Date.now() + 1_000))
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
  readonly #atWork = new Set<string>()

  /** @param options every queue there is. */
  constructor(boss: PgBoss, options: readonly QueueOptions[], log: Logger) {
    this.#boss = boss
    this.#options = new Map(options.map((one) => [one.queue, one]))
    this.#log = log
    // An error here is the database going away or a failed maintenance pass; pg-boss goes on by itself.
    boss.on('error', (error) => log.warn({ err: error }, 'the queue had an error; it goes on'))
    boss.on('warning', (warning) => log.debug({ warning }, 'queue warning'))
  }

  /** Starts the queue engine, creates the queues that are missing, and moves jobs out of queues with old names. */
  async start(db: Parameters<typeof moveRenamedQueues>[2]): Promise<void> {
    await this.#boss.start()
    const existing = new Map((await this.#boss.getQueues()).map((queue) => [queue.name, queue]))
    for (const [name, { single }] of this.#options) {
      if (!existing.has(name)) {
        await this.#boss.createQueue(name, {
          // "short": at most one *waiting* job for each key, however many ask for it.
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
      } else if (existing.get(name)?.heartbeatSeconds !== heartbeatSeconds) {
        await this.#boss.updateQueue(name, { heartbeatSeconds })
      }
      // Reads the queue into pg-boss's cache: on PGlite's one connection a first `send` inside a transaction would
      // wait for ever for a look-up outside it.
      await this.#boss.fetch(name, { batchSize: 1, ignoreStartAfter: false, minPriority: 1_000_000 })
    }
    await moveRenamedQueues(this.#boss, existing.keys(), db, (job, after) => this.send(job, { after }))
  }

  /**
   * Has jobs taken up again that were lost with their process, but never one that this process is at work on.
   * @param which see `giveBackLostJobs`.
   */
  async giveBack(db: Parameters<typeof giveBackLostJobs>[0], which: 'silent' | 'all'): Promise<void> {
    const lost = await giveBackLostJobs(db, [...this.#options.keys()], which, [...this.#atWork])
    for (const name of lost) this.#wake(name as QueueName)
  }

  /**
   * Queues a job, on its own or with a transaction (`db`).
   * @returns false when an equal job of a single queue is waiting already and stands in for this one.
   */
  async send(job: Job, options: { db?: Db; after?: Date } = {}): Promise<boolean> {
    const { queue, ...data } = job
    const single = this.#isSingle(queue)
    const after = options.after && startOf(single, options.after)
    // A job that waits for its time must not stand in for one that is wanted now.
    const id = await this.#boss.send(queue, data, {
      db: options.db,
      startAfter: after,
      ...(single ? { singletonKey: slotOf(single, after) } : {}),
    })
    if (after && !options.db) this.#wakeAt(queue, after)
    return id !== null
  }

  /** NOTIFY tells of new jobs, not of jobs whose time has come: without this they would wait for the next poll. */
  #wakeAt(queue: QueueName, at: Date): void {
    const delay = Math.max(0, at.getTime() - Date.now()) + 5
    if (delay > 3_600_000) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#wake(queue)
    }, delay)
    timer.unref()
    this.#timers.add(timer)
  }

  /**
   * Queues what a transaction has asked for, in one order for all transactions; equal jobs of a single queue once.
   * @returns the queues in which a job that was waiting before stands in for one of these.
   */
  async sendAll(sent: readonly EnqueuedJob[], db: Db): Promise<Set<QueueName>> {
    const stoodIn = new Set<QueueName>()
    const seen = new Set<string>()
    const rank = ({ job, after }: EnqueuedJob) =>
      `${this.#isSingle(job.queue) ? 1 : 0} ${job.queue} ${slotOf(this.#isSingle(job.queue), after)}`
    for (const one of sent.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
      const { job, after } = one
      if (this.#isSingle(job.queue) && seen.has(rank(one))) continue
      seen.add(rank(one))
      if (!(await this.send(job, { after, db })) && !after) stoodIn.add(job.queue)
    }
    return stoodIn
  }

  /** Has the workers of a queue look now, or once more when they are at work. */
  #wake(queue: QueueName): void {
    for (const id of this.#workers.get(queue) ?? []) this.#boss.notifyWorker(id)
  }

  /**
   * To be called with what a transaction has sent, once it has committed. Wakes for jobs whose time comes: before the
   * commit the workers would look in vain. Where a waiting job stood in for one of these it is sent once more: that job
   * may have been taken, and may have looked, before the commit.
   */
  committed(sent: readonly EnqueuedJob[], stoodIn: ReadonlySet<QueueName>): void {
    for (const { job, after } of sent) if (after) this.#wakeAt(job.queue, startOf(this.#isSingle(job.queue), after))
    for (const queue of stoodIn) {
      this.send({ queue } as Job).catch((error) => this.#log.warn({ err: error, queue }, 'a queue could not be woken'))
    }
  }

  /** Queues many jobs of one queue with a transaction, in one statement. */
  async sendMany<Name extends QueueName>(name: Name, jobs: JobOf<Name>[], db: Db): Promise<void> {
    await this.#boss.insert(
      name,
      jobs.map(({ queue: _, ...data }) => ({ data })),
      { db },
    )
  }

  /** Has the handler of a queue called for its jobs. @param context what the handler works with. */
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
        for (const { id } of jobs) this.#atWork.add(id)
        const results = await Promise.all(jobs.map((job) => this.#attempt(definition, context, job)))
        for (const { id } of jobs) this.#atWork.delete(id)
        // Several jobs may have waited behind one wake-up; pg-boss looks again by itself only after a full batch of
        // more than one.
        if (batch === 1) this.#wake(queue)
        return results
      })
      ids.push(id)
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
      const told = await this.#giveUp(definition, context, { queue, ...job.data } as JobOf<Name>, error)
      return { id, status: told ? ('deadletter' as const) : ('failed' as const), output: { message: error.message } }
    }
    try {
      await definition.handle(context, definition.payload.parse(job.data), { last })
      const [waited, ms] = [Date.now() - job.createdOn.getTime(), Math.round(performance.now() - start)]
      this.#log.debug({ queue, waited: waited - ms, ms }, 'a job is done')
      return { id, status: 'completed' as const }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const mine = { queue, ...job.data } as JobOf<Name>
      const retryAfter = findRetryAfter(error)
      if (retryAfter) {
        await this.send(mine as Job, { after: retryAfter.until })
        return { id, status: 'completed' as const, output: { message } }
      }
      this.#log.warn({ err: error, queue, job: id, retry: job.retryCount }, 'a job failed; it will be tried again')
      if (last) await this.#giveUp(definition, context, mine, error)
      this.#wakeAt(queue, retryTime(job.retryCount))
      return { id, status: 'failed' as const, output: { message } }
    }
  }

  async #giveUp<Name extends QueueName, Context>(
    { onFinalFailure }: JobDefinition<Name, Context>,
    context: Context,
    job: JobOf<Name>,
    error: unknown,
  ): Promise<boolean> {
    try {
      await onFinalFailure?.(context, job, error)
      return true
    } catch (failure) {
      this.#log.error({ err: failure, queue: job.queue }, 'the failure of a job could not be told')
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
    await this.#boss.stop({ graceful: true, timeout: 10_000, close: true })
  }
}

/**
 * When pg-boss hands out a job again that has failed, at the latest: with retryDelay 1 and retryBackoff it waits between
 * 2^n and 2^(n+1) seconds, retryDelayMax at most (pg-boss, `plans.js`).
 */
function retryTime(retryCount: number): Date {
  return new Date(Date.now() + Math.min(120, 2 ** (retryCount + 1)) * 1_000)
}

/** Wishes for times this near to each other, in milliseconds, are one job of a single queue ... */
const slotMs = 200

/** ... which starts at the end of the slot, when everything that asked for it is due. */
function startOf(single: boolean, after: Date): Date {
  return single ? new Date(Math.ceil(after.getTime() / slotMs) * slotMs) : after
}

function slotOf(single: boolean, after: Date | undefined): string {
  return after ? String(startOf(single, after).getTime()) : 'now'
}
