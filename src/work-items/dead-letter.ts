/** Jobs that fail to the last attempt: the item they are about must not just stay where it is. */

import type { Store, Tx } from '../db/connect.ts'
import { effectById } from '../db/outbox.ts'
import { getPull } from '../db/pull-requests.ts'
import type { Handler } from '../db/queues.ts'
import { getRun } from '../db/runs.ts'
import { advance, getItem } from '../db/work-items.ts'
import { type Job, mayGo } from '../domain/lifecycle.ts'

/**
 * Wraps a handler: when its job has failed for the last time, the item is held and says so, and `/retry` starts anew.
 * The error still goes to the queue and its log.
 */
export function orHold<Name extends Job['queue']>(store: Store, handler: Handler<Name>): Handler<Name> {
  return async (job, attempt) => {
    try {
      await handler(job, attempt)
    } catch (error) {
      if (attempt.last) await store.transaction((tx) => hold(tx, job, error))
      throw error
    }
  }
}

async function hold(tx: Tx, job: Job, error: unknown): Promise<void> {
  const id = await itemOf(tx, job)
  const item = id === undefined ? undefined : await getItem(tx.db, id)
  if (!item || !mayGo(item.state, 'held')) return
  const message = error instanceof Error ? error.message : String(error)
  const why = `Something went wrong again and again in the step \`${job.queue}\`: ${message.slice(0, 500)}\n\nThe operator's log says more. \`/retry\` tries again.`
  await advance(tx, item, 'held', { actor: 'tutti', why })
}

async function itemOf(tx: Tx, job: Job): Promise<number | undefined> {
  if ('workItemId' in job) return job.workItemId
  if ('runId' in job) return (await getRun(tx.db, job.runId))?.workItemId
  if ('pullRequestId' in job) return (await getPull(tx.db, job.pullRequestId))?.workItemId
  if ('effectId' in job) return (await effectById(tx.db, job.effectId))?.workItemId ?? undefined
  return undefined
}
