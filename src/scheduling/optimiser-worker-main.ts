/** The thread behind foresight.ts: one question at a time. */

import { parentPort } from 'node:worker_threads'
import { isStale, optimise } from '../scheduler/optimiser/optimise.ts'
import type { OptimiserRequest, OptimiserResult } from './optimiser-worker.ts'

/** Any number does: the same backlog then gives the same plan. */
const seed = 1

parentPort?.on('message', ({ snapshot, hoursSince }: OptimiserRequest) => {
  const plan = isStale(snapshot, hoursSince) ? optimise(snapshot, { seed }) : undefined
  const answer: OptimiserResult = { plan }
  parentPort?.postMessage(answer)
})
