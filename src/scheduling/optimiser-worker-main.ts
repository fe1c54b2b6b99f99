/** The thread of `optimiser-worker.ts`: one request at a time. */

import { parentPort } from 'node:worker_threads'
import { isStale, optimise } from '../scheduler/optimiser/optimise.ts'
import type { OptimiserRequest, OptimiserResult } from './optimiser-worker.ts'

/** A fixed seed: the same backlog gives the same plan. */
const seed = 1

parentPort?.on('message', ({ snapshot, hoursSince }: OptimiserRequest) => {
  const plan = isStale(snapshot, hoursSince) ? optimise(snapshot, { seed }) : undefined
  const result: OptimiserResult = { plan }
  parentPort?.postMessage(result)
})
