/** The thread behind foresight.ts: one question at a time. */

import { parentPort } from 'node:worker_threads'
import { improve, isStale } from '../scheduler/optimiser/optimise.ts'
import type { Answer, Question } from './optimiser-worker.ts'

/** Any number does: the same backlog then gives the same plan. */
const seed = 1

parentPort?.on('message', ({ snapshot, hoursSince }: Question) => {
  const plan = isStale(snapshot, hoursSince) ? improve(snapshot, { seed }) : undefined
  const answer: Answer = { plan }
  parentPort?.postMessage(answer)
})
