/** The optimiser in its own thread: its plan arrives at any time. */

import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { choose } from '../../../src/scheduler/choose.ts'
import { OptimiserWorker } from '../../../src/scheduling/optimiser-worker.ts'
import { item, snapshot } from '../../support/schedule-build.ts'

function openOptimiser(log = pino({ level: 'silent' })): OptimiserWorker {
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

test('an item that comes soon after a genetic search is planned by rules, and searched for again after a pause', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  vi.advanceTimersByTime(1)
  const methods: string[] = []
  const write = (line: string) => void methods.push(JSON.parse(line).method)
  const optimiser = openOptimiser(pino({ level: 'debug' }, { write }))
  const more = { ...crowded, items: [...crowded.items, item(8, { effort: 2, priority: 3, footprint: ['a'] })] }
  const planned = (count: number) => vi.waitFor(() => expect(methods).toHaveLength(count), { timeout: 20_000 })

  optimiser.optimiseInBackground(crowded, choose(crowded))
  await planned(1)
  optimiser.optimiseInBackground(more, choose(more))
  await planned(2)
  expect(optimiser.plan?.order).toContain('o/r#8')
  vi.advanceTimersByTime(600_000)
  optimiser.optimiseInBackground(more, choose(more))
  await planned(3)
  expect(methods).toEqual(['genetic', 'portfolio', 'genetic'])
})
