/** What a job handler file declares: its queue, what its jobs carry, and what happens when one can never be done. */

import type { z } from 'zod'
import type { JobOf, JobPayloads, QueueName } from '../domain/jobs.ts'

/** How the jobs of a queue are taken. */
export interface QueueOptions {
  queue: QueueName
  /** How many jobs one worker takes at a time. */
  batch: number
  /** Waiting jobs are one: "act on everything". */
  single: boolean
  /** How many workers one process has. */
  workers: number
}

/** One try at a job. `last`: a throw now is the end of it. */
export interface JobAttempt {
  last: boolean
}

/** A job with its handler. `Context`: what the handler works with, and no more than it uses. */
export interface JobDefinition<Name extends QueueName, Context> extends QueueOptions {
  queue: Name
  payload: z.ZodType<JobPayloads[Name]>
  /** A throw means "try again later", with growing delays; after the last try the job is dead. */
  handle(context: Context, job: JobPayloads[Name], attempt: JobAttempt): Promise<void>
  /** Called when the last try has failed, so that whatever the job was about does not stay where it is. */
  onFinalFailure?(context: Context, job: JobOf<Name>, error: unknown): Promise<void>
}

/**
 * Defines the one handler of a queue. `jobs.ts` lists them all.
 * @param options `batch` is 5 when not given, `single` false, `workers` 1.
 */
export function defineJob<Name extends QueueName, Context>(
  options: Pick<JobDefinition<Name, Context>, 'queue' | 'payload'> & {
    batch?: number
    single?: boolean
    workers?: number
    onFinalFailure?: (context: Context, job: JobOf<Name>, error: unknown) => Promise<void>
  },
  handle: (context: Context, job: JobPayloads[Name], attempt: JobAttempt) => Promise<void>,
): JobDefinition<Name, Context> {
  return { batch: 5, single: false, workers: 1, ...options, handle }
}
