/** Thinking ahead in a thread of its own: advice that comes when it comes. */

import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { choose } from '../../../src/scheduler/choose.ts'
import { OptimiserWorker } from '../../../src/scheduling/optimiser-worker.ts'
import { item, snapshot } from '../../support/schedule-build.ts'

const log = pino({ level: 'silent' })

function thinking(): OptimiserWorker {
  const optimiser = new OptimiserWorker(log)
  onTestFinished(() => optimiser.close())
  return optimiser
}

/** Short ones that share files with the long one: started first, they make everybody wait for it at the end. */
const crowded = snapshot({
  items: [
    item(1, { effort: 8, footprint: ['a', 'b'] }),
    ...[2, 3, 4].map((number) => item(number, { effort: 1, priority: 0, footprint: ['a'] })),
    ...[5, 6, 7].map((number) => item(number, { effort: 1, footprint: ['b'] })),
  ],
  caps: { total: 2 },
  rules: { estimateSpread: 0 },
})

test('a plan is found while more waits than can start; it names what waits, and not what has started', async () => {
  const optimiser = thinking()
  const decisions = choose(crowded)
  optimiser.consider(crowded, decisions)
  expect(optimiser.plan).toBeUndefined()
  await vi.waitFor(() => expect(optimiser.plan).toBeDefined(), { timeout: 20_000 })
  const started = decisions.filter(({ action }) => action === 'start').map(({ item: { id } }) => id)
  expect(started.length).toBeGreaterThan(0)
  const waiting = crowded.items.map(({ id }) => id).filter((id) => !started.includes(id))
  expect([...(optimiser.plan?.order ?? [])].sort()).toEqual(waiting.sort())
})

test('where nothing waits for a place there is nothing to think about', async () => {
  const optimiser = thinking()
  const free = snapshot({ items: [item(1), item(2)] })
  optimiser.consider(free, choose(free))
  optimiser.consider(crowded, choose(crowded))
  await vi.waitFor(() => expect(optimiser.plan).toBeDefined(), { timeout: 20_000 })
  const over = snapshot({ items: [item(1, { state: 'done' })] })
  optimiser.consider(over, choose(over))
  expect(optimiser.plan).toBeUndefined()
})
