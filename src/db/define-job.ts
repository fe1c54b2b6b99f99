/**
 * What a job handler file declares: its queue, the payload of its jobs, and the reaction to a job that finally fails.
 */

import type { z } from 'zod'
import type { JobOf, JobPayloads, QueueName } from '../domain/jobs.ts'

/** How the workers of a queue take jobs. */
export interface QueueOptions {
  queue: QueueName
  /** How many jobs one worker takes at a time. */
  batch: number
  /** At most one job waits at a time: it means "act on everything". */
  single: boolean
  /** How many workers one process has. */
  workers: number
  /** It runs code of a repository in a checkout: a process that is only `web` does not take it. */
  needsCheckout: boolean
}

/** One try at a job. `last`: an error now makes the job fail for good. */
export interface JobAttempt {
  last: boolean
}

/** A job with its handler. `Context`: the services that the handler uses, and no others. */
export interface JobDefinition<Name extends QueueName, Context> extends QueueOptions {
  queue: Name
  payload: z.ZodType<JobPayloads[Name]>
  /** An error means "try again later", with growing delays. After the last try the job has failed for good. */
  handle(context: Context, job: JobPayloads[Name], attempt: JobAttempt): Promise<void>
  /** Called when the last try has failed, so that the subject of the job does not stay in its state for ever. */
  onFinalFailure?(context: Context, job: JobOf<Name>, error: unknown): Promise<void>
}

/**
 * Defines the one handler of a queue. `jobs.ts` lists them all.
 * @param options `batch` is 5 when not given, `single` false, `workers` 1, `needsCheckout` false.
 */
export function defineJob<Name extends QueueName, Context>(
  options: Pick<JobDefinition<Name, Context>, 'queue' | 'payload'> & {
    batch?: number
    single?: boolean
    workers?: number
    needsCheckout?: boolean
    onFinalFailure?: (context: Context, job: JobOf<Name>, error: unknown) => Promise<void>
  },
  handle: (context: Context, job: JobPayloads[Name], attempt: JobAttempt) => Promise<void>,
): JobDefinition<Name, Context> {
  return { batch: 5, single: false, workers: 1, needsCheckout: false, ...options, handle }
}
