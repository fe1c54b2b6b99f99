/** Jobs that have failed at their last attempt. Their item must not stay in its state without a sign. */

import type { Store, Tx } from '../db/connect.ts'
import { effectById } from '../db/outbox.ts'
import { getPull } from '../db/pull-requests.ts'
import { getRun, isSideRun } from '../db/runs.ts'
import { getItem, transition } from '../db/work-items.ts'
import type { Job } from '../domain/jobs.ts'
import { canTransition } from '../domain/lifecycle.ts'
import { stepFailed } from '../messages/issues.ts'

/** Holds the item of a job that has failed for good. `/retry` goes on. The operator's log has the whole error. */
export async function holdItem({ store }: { store: Store }, job: Job, error: unknown): Promise<void> {
  await store.transaction((tx) => hold(tx, job, error))
}

async function hold(tx: Tx, job: Job, error: unknown): Promise<void> {
  const id = await itemOf(tx, job)
  const item = id === undefined ? undefined : await getItem(tx.db, id)
  if (!item || !canTransition(item.state, 'held')) return
  const message = error instanceof Error ? error.message : String(error)
  await transition(tx, item, 'held', { actor: 'tutti', why: stepFailed(job.queue, message) })
}

async function itemOf(tx: Tx, job: Job): Promise<number | undefined> {
  if ('workItemId' in job) return job.workItemId
  if ('runId' in job) {
    const run = await getRun(tx.db, job.runId)
    // Neither a review by an agent nor its proposals hold anything: people go on without them.
    return run && !isSideRun(run) ? run.workItemId : undefined
  }
  if ('pullRequestId' in job) return (await getPull(tx.db, job.pullRequestId))?.workItemId
  if ('effectId' in job) return (await effectById(tx.db, job.effectId))?.workItemId ?? undefined
  return undefined
}
