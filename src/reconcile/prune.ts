/** The `prune` queue: rows that have served their time are deleted, a few at a time. */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type Prunable, pruneBatch } from '../db/prune.ts'

interface PruneServices {
  store: Store
  env: Pick<Env, 'KEEP_FINISHED_DAYS' | 'KEEP_DELIVERIES_DAYS' | 'KEEP_LOGS_DAYS' | 'KEEP_USAGE_DAYS'>
  log: Logger
}

/** Rows of one statement: some milliseconds of locks. */
const batch = 500
/** Statements for one kind in one job. What is left is found an hour later. */
const mostBatches = 200

/**
 * Handler of the `prune` queue.
 * @param many rows of one statement.
 */
export async function prune({ store, env, log }: PruneServices, many: number = batch): Promise<void> {
  const days: Record<Prunable, number> = {
    deliveries: env.KEEP_DELIVERIES_DAYS,
    keys: env.KEEP_DELIVERIES_DAYS,
    commandCalls: env.KEEP_DELIVERIES_DAYS,
    effects: env.KEEP_FINISHED_DAYS,
    decisions: env.KEEP_FINISHED_DAYS,
    gateResults: env.KEEP_FINISHED_DAYS,
    gatePictures: env.KEEP_FINISHED_DAYS,
    pictures: 1,
    runTexts: env.KEEP_FINISHED_DAYS,
    crewEvents: env.KEEP_FINISHED_DAYS,
    messages: env.KEEP_FINISHED_DAYS,
    notifications: env.KEEP_FINISHED_DAYS,
    commitPacks: 1,
    runLogPieces: env.KEEP_LOGS_DAYS,
    restarts: env.KEEP_FINISHED_DAYS,
    usage: env.KEEP_USAGE_DAYS,
  }
  const pruned: Partial<Record<Prunable, number>> = {}
  for (const what of Object.keys(days) as Prunable[]) {
    for (let turn = 0; turn < mostBatches; turn++) {
      const count = await pruneBatch(store.db, what, days[what], many)
      if (count > 0) pruned[what] = (pruned[what] ?? 0) + count
      if (count < many) break
    }
  }
  if (Object.keys(pruned).length > 0) log.info({ pruned }, 'rows that had served their time were deleted')
}

export const pruneJob = defineJob(
  { queue: 'prune', payload: z.object({}), batch: 1, single: true },
  (services: PruneServices) => prune(services),
)
