/** Jobs that fail to the last attempt: the item they are about must not just stay where it is. */

import type { Store, Tx } from '../db/connect.ts'
import { effectById } from '../db/outbox.ts'
import { getPull } from '../db/pull-requests.ts'
import { getRun } from '../db/runs.ts'
import { getItem, transition } from '../db/work-items.ts'
import type { Job } from '../domain/jobs.ts'
import { canTransition } from '../domain/lifecycle.ts'

/**
 * Final failure of a job that is about a work item: the item is held and says so, and `/retry` goes on. The error is in
 * the operator's log.
 */
export async function holdItem({ store }: { store: Store }, job: Job, error: unknown): Promise<void> {
  await store.transaction((tx) => hold(tx, job, error))
}

async function hold(tx: Tx, job: Job, error: unknown): Promise<void> {
  const id = await itemOf(tx, job)
  const item = id === undefined ? undefined : await getItem(tx.db, id)
  if (!item || !canTransition(item.state, 'held')) return
  const message = error instanceof Error ? error.message : String(error)
  const why = `Something went wrong again and again in the step \`${job.queue}\`: ${message.slice(0, 500)}\n\nThe operator's log says more. \`/retry\` tries again.`
  await transition(tx, item, 'held', { actor: 'tutti', why })
}

async function itemOf(tx: Tx, job: Job): Promise<number | undefined> {
  if ('workItemId' in job) return job.workItemId
  if ('runId' in job) return (await getRun(tx.db, job.runId))?.workItemId
  if ('pullRequestId' in job) return (await getPull(tx.db, job.pullRequestId))?.workItemId
  if ('effectId' in job) return (await effectById(tx.db, job.effectId))?.workItemId ?? undefined
  return undefined
}
