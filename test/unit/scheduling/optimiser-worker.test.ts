/** The optimiser in its own thread: its plan arrives at any time. */

import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { choose } from '../../../src/scheduler/choose.ts'
import { OptimiserWorker } from '../../../src/scheduling/optimiser-worker.ts'
import { item, snapshot } from '../../support/schedule-build.ts'

const log = pino({ level: 'silent' })

function openOptimiser(): OptimiserWorker {
  const optimiser = new OptimiserWorker(log)
  onTestFinished(() => optimiser.close())
  return optimiser
}

/** Short items that share files with the long one: if they start first, all agents wait for the long one at the end. */
const crowded = snapshot({
  items: [
    item(1, { effort: 8, footprint: ['a', 'b'] }),
    ...[2, 3, 4].map((number) => item(number, { effort: 1, priority: 0, footprint: ['a'] })),
    ...[5, 6, 7].map((number) => item(number, { effort: 1, footprint: ['b'] })),
  ],
  caps: { total: 2 },
  rules: { estimateSpread: 0 },
})

test('a plan is found while more items wait than can start; it contains the waiting items, and not the started ones', async () => {
  const optimiser = openOptimiser()
  const decisions = choose(crowded)
  optimiser.optimiseInBackground(crowded, decisions)
  expect(optimiser.plan).toBeUndefined()
  await vi.waitFor(() => expect(optimiser.plan).toBeDefined(), { timeout: 20_000 })
  const started = decisions.filter(({ action }) => action === 'start').map(({ item: { id } }) => id)
  expect(started.length).toBeGreaterThan(0)
  const waiting = crowded.items.map(({ id }) => id).filter((id) => !started.includes(id))
  expect([...(optimiser.plan?.order ?? [])].sort()).toEqual(waiting.sort())
})

test('without waiting items there is nothing to optimise', async () => {
  const optimiser = openOptimiser()
  const free = snapshot({ items: [item(1), item(2)] })
  optimiser.optimiseInBackground(free, choose(free))
  optimiser.optimiseInBackground(crowded, choose(crowded))
  await vi.waitFor(() => expect(optimiser.plan).toBeDefined(), { timeout: 20_000 })
  const over = snapshot({ items: [item(1, { state: 'done' })] })
  optimiser.optimiseInBackground(over, choose(over))
  expect(optimiser.plan).toBeUndefined()
})
