/** The thread of `optimiser-worker.ts`: one request at a time. */

import { parentPort } from 'node:worker_threads'
import { isStale, optimise } from '../scheduler/optimiser/optimise.ts'
import type { OptimiserRequest, OptimiserResult } from './optimiser-worker.ts'

/** A fixed seed: the same backlog gives the same plan. */
const seed = 1
/** No estimate is as exact as this share: to search on for less would be for nothing. */
const tolerance = 0.01

parentPort?.on('message', ({ snapshot, hoursSince, method, always }: OptimiserRequest) => {
  const start = performance.now()
  const plan = always || isStale(snapshot, hoursSince) ? optimise(snapshot, { seed, method, tolerance }) : undefined
  const result: OptimiserResult = { plan, method, ms: performance.now() - start }
  parentPort?.postMessage(result)
})
