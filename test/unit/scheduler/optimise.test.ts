import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Instance, readInstance, readOptima } from '../../../bench/lib/schedule-instances.ts'
import { byChoose, byRule, simulate } from '../../../bench/lib/schedule-simulation.ts'
import { choose } from '../../../src/scheduler/choose.ts'
import { costOf } from '../../../src/scheduler/optimiser/cost.ts'
import { Search } from '../../../src/scheduler/optimiser/genetic-search.ts'
import { isStale, optimise } from '../../../src/scheduler/optimiser/optimise.ts'
import { lognormal, seeded } from '../../../src/scheduler/optimiser/random.ts'
import { planningProblemOf } from '../../../src/scheduler/optimiser/rcpsp.ts'
import { type RcpspProblem, SerialScheduler } from '../../../src/scheduler/optimiser/serial-schedule.ts'
import { orderBy, orderWithoutDelay } from '../../../src/scheduler/optimiser/task-order.ts'
import { Schedule } from '../../../src/scheduler/schedule.ts'
import type { Snapshot } from '../../../src/scheduler/types.ts'
import { dependsOn, item, run, snapshot } from '../../support/schedule-build.ts'

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures/schedules', name)

/** The optimal makespan, found by trying every order. Only for very small instances. */
function optimum(instance: Instance, agents: number): number {
  const problem = problemOf(instance, agents)
  const decoder = new SerialScheduler(problem)
  const table = decoder.emptyTimetable()
  let best = Number.POSITIVE_INFINITY
  const order: number[] = []
  const tryAll = () => {
    if (order.length === problem.seconds.length) {
      decoder.forward(order, table)
      best = Math.min(best, table.makespan)
    }
    for (const task of problem.seconds.keys()) {
      if (order.includes(task) || problem.before[task]?.some((other) => !order.includes(other))) continue
      order.push(task)
      tryAll()
      order.pop()
    }
  }
  tryAll()
  return best
}

function problemOf(instance: Instance, agents: number): RcpspProblem {
  const after: number[][] = instance.durations.map(() => [])
  instance.waitsFor.forEach((blockers, task) => {
    for (const blocker of blockers) after[blocker]?.push(task)
  })
  const same = (a: number, b: number) =>
    a !== b && instance.footprints[a]?.[0] !== undefined && instance.footprints[a]?.[0] === instance.footprints[b]?.[0]
  return {
    seconds: instance.durations,
    fixed: 0,
    before: instance.waitsFor,
    after,
    conflicts: instance.durations.map((_, task) => [...instance.durations.keys()].filter((other) => same(task, other))),
    capacities: [agents],
    uses: instance.durations.map(() => [0]),
  }
}

/** The first jobs of the small job shop, so that every order can be tried. */
function jobs(count: number): Instance {
  const whole = readInstance(fixture('small.txt'))
  const size = 3 * count
  return {
    file: 'small',
    durations: whole.durations.slice(0, size),
    waitsFor: whole.waitsFor.slice(0, size),
    footprints: whole.footprints.slice(0, size),
  }
}

describe('a plan that choose() follows event by event', () => {
  test.each([2, 3])('reaches the optimum of a job shop with %i agents', (agents) => {
    const instance = jobs(3)
    const decide = byChoose(instance, agents, instance.durations, { plan: { seed: 1 }, estimateSpread: 0 })
    expect(simulate(instance, agents, instance.durations, decide)).toBe(optimum(instance, agents))
  })

  test('reaches the optimum of a task graph', () => {
    const instance = readInstance(fixture('small.stg'))
    const decide = byChoose(instance, 2, instance.durations, { plan: { seed: 1 }, estimateSpread: 0 })
    expect(simulate(instance, 2, instance.durations, decide)).toBe(optimum(instance, 2))
  })

  test('adapts to wrong durations: every task is still done, in a valid order', () => {
    const instance = readInstance(fixture('small.txt'))
    const random = seeded(5)
    const actual = instance.durations.map((duration) => duration * lognormal(random, 0.5))
    for (const estimateSpread of [0, 0.5]) {
      const following = { plan: { seed: 1 }, replan: { seed: 1, timetables: 50 }, estimateSpread }
      const time = simulate(instance, 3, actual, byChoose(instance, 3, instance.durations, following))
      expect(time).toBeGreaterThan(0)
    }
  })
})

/** #1 could start now. But it would lock the files of #2, which starts the longest path in an hour. */
const tempting: Partial<Snapshot> = {
  items: [
    item(1, { effort: 8, footprint: ['src'] }),
    item(2, { effort: 4, footprint: ['src/a.ts'] }),
    item(3, { effort: 1 }),
    item(4, { effort: 8, footprint: ['docs'] }),
  ],
  edges: [dependsOn(2, 3), dependsOn(4, 2)],
  caps: { total: 2 },
}

describe('the next item of the plan', () => {
  const plan = optimise(snapshot(tempting), { seed: 1 })

  test('reserves its files when estimates are good, and the reason says so', () => {
    expect(plan).toEqual({ order: ['o/r#3', 'o/r#2', 'o/r#1', 'o/r#4'], makespan: 13 })
    const [first, second, ...rest] = choose(snapshot({ ...tempting, plan, rules: { estimateSpread: 0 } }))
    expect(first).toMatchObject({ item: { number: 3 }, action: 'start', reasons: [{ kind: 'chosen', by: 'plan' }] })
    expect(rest).toHaveLength(2)
    const held = [second, ...rest].find((decision) => decision?.item.number === 1)
    expect(held?.reasons).toEqual([
      { kind: 'reserved', for: [{ id: 'o/r#2', repository: 'o/r', number: 2 }], hours: 1 },
    ])
  })

  test('reserves nothing when estimates are bad', () => {
    const starts = choose(snapshot({ ...tempting, plan, rules: { estimateSpread: 0.5 } })).filter(
      ({ action }) => action === 'start',
    )
    expect(starts.map((decision) => decision.item.number)).toEqual([3, 1])
  })

  test('reserves nothing when it may not start: the other items start', () => {
    const kinds = { perAgentKind: { other: 0 } }
    const items = tempting.items?.map((one) => (one.number === 3 ? { ...one, agentKind: 'other' } : one)) ?? []
    const given = snapshot({ ...tempting, items, caps: { total: 2, ...kinds }, plan, rules: { estimateSpread: 0 } })
    expect(
      choose(given)
        .filter(({ action }) => action === 'start')
        .map(({ item: { number } }) => number),
    ).toEqual([1])
  })
})

describe('optimise', () => {
  test('gives the same plan for the same seed', () => {
    const given = {
      items: Array.from({ length: 30 }, (_, n) => item(n, { effort: 1 + ((n * 7) % 5), footprint: [`src/${n % 4}`] })),
    }
    const [one, two] = [1, 1].map((seed) =>
      optimise(snapshot({ ...given, caps: { total: 3 } }), { seed, timetables: 500 }),
    )
    expect(one).toEqual(two)
    expect(one?.order).toHaveLength(30)
  })

  test('puts urgent items first even if the makespan becomes longer', () => {
    const items = [
      item(1, { effort: 6 }),
      item(2, { effort: 6 }),
      item(3, { effort: 8 }),
      item(4, { effort: 1, priority: 0 }),
    ]
    const plan = optimise(snapshot({ items, caps: { total: 2 } }), { seed: 1 })
    expect(plan?.order.slice(0, 2)).toContain('o/r#4')
  })

  test('leaves out items that wait for a person, and items that conflict with a review', () => {
    const items = [item(1), item(2, { state: 'reviewing' }), item(3), item(4, { footprint: ['src'] })]
    const runs = [run(2, { agent: false, footprint: ['src/a.ts'] })]
    const plan = optimise(snapshot({ items, runs, edges: [dependsOn(3, 2)], caps: { total: 1 } }), { seed: 1 })
    expect(plan?.order).toEqual(['o/r#1'])
  })

  test('includes the running items with their remaining time', () => {
    const items = [item(1, { state: 'running', effort: 5 }), item(2, { effort: 2 })]
    const plan = optimise(snapshot({ items, runs: [run(1, { elapsed: 4 })], edges: [dependsOn(2, 1)] }), { seed: 1 })
    expect(plan).toEqual({ order: ['o/r#2'], makespan: 3 })
  })

  test('gives no plan for more than 400 items, or for none', () => {
    expect(optimise(snapshot({ items: Array.from({ length: 401 }, (_, n) => item(n)) }), { seed: 1 })).toBeUndefined()
    expect(optimise(snapshot({}), { seed: 1 })).toBeUndefined()
  })
})

test('a plan is stale when it lacks an item or its time is wrong by more than a tenth', () => {
  const given = snapshot({ ...tempting, rules: { estimateSpread: 0 } })
  const plan = optimise(given, { seed: 1 })
  expect(isStale(given, 0)).toBe(true)
  expect(isStale({ ...given, plan }, 0)).toBe(false)
  expect(isStale({ ...given, plan }, 3)).toBe(true)
  expect(isStale({ ...given, items: [...given.items, item(5)], plan }, 0)).toBe(true)
})

test('orders respect dependencies, with and without idle agents', () => {
  const problem = problemOf(readInstance(fixture('small.stg')), 2)
  const keys = problem.seconds.map((_, task) => task)
  for (const order of [orderBy(problem, keys), orderWithoutDelay(problem, keys)]) {
    expect([...order].sort()).toEqual([...problem.seconds.keys()])
    for (const [at, task] of order.entries()) {
      for (const other of problem.before[task] ?? []) expect(order.indexOf(other)).toBeLessThan(at)
    }
  }
})

test('forward-backward improvement makes no order worse, and some better', () => {
  const problem = problemOf(readInstance(fixture('small.txt')), 3)
  const random = seeded(3)
  let better = 0
  for (let round = 0; round < 30; round++) {
    const order = orderBy(
      problem,
      problem.seconds.map(() => random()),
    )
    const search = new Search(problem, { of: (table) => table.makespan, bound: 0 }, random)
    const plain = search.makespanOf(order)
    search.add(order)
    const improved = search.best?.cost ?? Number.POSITIVE_INFINITY
    expect(improved).toBeLessThanOrEqual(plain)
    if (improved < plain) better++
  }
  expect(better).toBeGreaterThan(3)
})

test('an hour of an urgent item weighs more than several of an ordinary one', () => {
  const schedule = new Schedule(snapshot({ items: [item(1, { priority: 0 }), item(2, { priority: 3 })] }))
  const work = planningProblemOf(schedule, schedule.graph.nodes.values())
  if (!work) throw new Error('nothing to plan')
  const cost = costOf(work)
  const table = (urgent: number, ordinary: number) => ({
    start: new Float64Array(2),
    finish: Float64Array.of(urgent, ordinary),
    makespan: Math.max(urgent, ordinary),
  })
  expect(cost.of(table(2, 10))).toBeLessThan(cost.of(table(3, 8)))
  expect(cost.of(table(2, 8))).toBeLessThan(cost.of(table(2, 10)))
})

describe('the bound of the cost', () => {
  const costOfBest = (given: Partial<Snapshot>, timetables: number) => {
    const all = snapshot(given)
    const schedule = new Schedule(all)
    const planning = planningProblemOf(schedule, schedule.graph.nodes.values())
    if (!planning) throw new Error('nothing to plan')
    const cost = costOf(planning)
    const search = new Search(planning.problem, cost, seeded(1))
    const keys = planning.nodes.map((_, task) => -task)
    search.portfolio([keys])
    search.sample([keys], timetables)
    return { found: search.best?.cost ?? 0, bound: cost.bound, made: search.timetablesMade }
  }

  test('is reached by the first timetable where all that wait take as long, beside what runs', () => {
    const waiting = Array.from({ length: 25 }, (_, n) => item(n + 5, { effort: 2 }))
    const running = [1, 2, 3].map((n) => item(n, { state: 'running', effort: 2 }))
    const runs = [0.1, 0.7, 1.9].map((elapsed, n) => run(n + 1, { elapsed }))
    const { found, bound, made } = costOfBest({ items: [...running, ...waiting], runs, caps: { total: 4 } }, 1_000)
    expect(found).toBe(bound)
    expect(made).toBeLessThan(10)
  })

  test('is never above what can be reached', () => {
    const random = seeded(7)
    const pick = (below: number) => Math.floor(random() * below)
    let reached = 0
    for (let round = 0; round < 100; round++) {
      const [started, size] = [pick(4), 4 + pick(6)]
      const items = Array.from({ length: size }, (_, n) =>
        item(n, {
          effort: 1 + pick(4),
          priority: ([2, 0, 1, 3] as const)[pick(round % 2 ? 1 : 4)] ?? 2,
          state: n < started ? 'running' : 'ready',
        }),
      )
      const runs = Array.from({ length: started }, (_, n) => run(n, { elapsed: random() }))
      const { found, bound } = costOfBest({ items, runs, caps: { total: 1 + pick(3) } }, 400)
      expect(bound).toBeLessThanOrEqual(found)
      if (bound === found) reached++
    }
    expect(reached).toBeGreaterThan(20)
  })
})

test('a search ends where no plan could be better by more than its tolerance', () => {
  const items = Array.from({ length: 30 }, (_, n) => item(n, { effort: 1 + ((n * 0.618) % 1) * 3 }))
  const given = snapshot({ items, caps: { total: 7 } })
  const makespanWith = (tolerance: number) => optimise(given, { seed: 1, tolerance })?.makespan ?? 0
  const exact = makespanWith(0)
  expect(makespanWith(0.1)).toBeGreaterThan(exact)
  expect(makespanWith(0.1)).toBeLessThanOrEqual(exact * 1.1)
})

const PUBLISHED = join(import.meta.dirname, '../../../../shared/data/schedules')

describe.skipIf(!existsSync(PUBLISHED))('published instances, if they are available', () => {
  test.each(['rand0021.stg', 'ft06.txt', 'la03.txt'])('%s stays within the target', (file) => {
    const instance = readInstance(join(PUBLISHED, file))
    for (const { agents, best } of readOptima(join(PUBLISHED, file))) {
      const decide = byChoose(instance, agents, instance.durations, { plan: { seed: 1 }, estimateSpread: 0 })
      const ratio = simulate(instance, agents, instance.durations, decide) / best
      const fifo =
        simulate(
          instance,
          agents,
          instance.durations,
          byRule(
            instance,
            agents,
            instance.durations.map((_, task) => -task),
          ),
        ) / best
      expect(ratio).toBeLessThanOrEqual(file.endsWith('.stg') ? 1.001 : 1.035)
      expect(ratio).toBeLessThanOrEqual(fifo)
    }
  })
})
