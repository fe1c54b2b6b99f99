/**
 * Looks for a better plan than the rule of `leverage.ts` gives, off the hot path. The plan is an order; `choose` follows
 * it as far as reality lets it, see `follow.ts`.
 */

import { Schedule } from '../schedule.ts'
import type { SchedulePlan, Snapshot } from '../types.ts'
import { costOf } from './cost.ts'
import { longestTails, POPULATION, Search, sumDown } from './genetic-search.ts'
import { seeded } from './random.ts'
import { MOST_TASKS, type PlannedWork, toHours, workOf } from './rcpsp.ts'
import type { RcpspProblem } from './serial-schedule.ts'
import { orderBy } from './task-order.ts'

export type OptimiseOptions = {
  /** The same seed gives the same plan. */
  seed: number
  /** `portfolio`: rules only, some 10 to 100 ms. `genetic`: breeds from them too, under a second for 100 items. */
  method?: 'portfolio' | 'genetic'
  /** Timetables to make at most; about 20,000 a second for 100 items on one core. */
  timetables?: number
}

/**
 * Timetables made when nobody says how many: as many as are worth it for 100 items (the job shops of the benchmark gain
 * little after that), and fewer for more items, so that the time stays about the same.
 */
const TIMETABLES = {
  portfolio: (items: number) => Math.min(1000, Math.ceil(100_000 / items)),
  genetic: (items: number) => Math.min(10_000, Math.ceil(1_000_000 / items)),
} as const

/** Where the plan is off by more than this part, a new one is worth its time. */
const DRIFT = 0.1

/**
 * @param snapshot a plan in it is where the search begins, so that a new plan is never worse than the one it replaces.
 * @returns undefined when nothing can be planned ahead, or more than 400 items: then the rule alone serves.
 */
export function optimise(snapshot: Snapshot, options: OptimiseOptions): SchedulePlan | undefined {
  if (snapshot.items.length === 0) return undefined
  const schedule = new Schedule(snapshot)
  const work = planned(schedule)
  if (!work) return undefined
  const { problem, nodes } = work
  const method = options.method ?? 'genetic'
  const budget = options.timetables ?? TIMETABLES[method](nodes.length)
  const tails = longestTails(problem)
  const search = new Search(problem, costOf(work, tails), seeded(options.seed))
  if (snapshot.plan) search.add(orderBy(problem, placesIn(snapshot.plan, work)))
  const all = rules(schedule, work, tails)
  search.portfolio(all)
  search.sample(all, budget, method === 'genetic' ? POPULATION : undefined)
  if (method === 'genetic') search.breed(budget)
  const { best } = search
  if (!best) return undefined
  const order = Array.from(best.order, (task) => nodes[task]?.id).filter((id) => id !== undefined)
  return { order, makespan: toHours(best.makespan) }
}

/**
 * Whether a new plan is worth looking for: there is none, something can be planned that it does not name, or what is left
 * will take more than a tenth longer or shorter than it said.
 * @param hoursSince hours since the plan was made.
 */
export function isStale(snapshot: Snapshot, hoursSince: number): boolean {
  const schedule = new Schedule(snapshot)
  const work = planned(schedule)
  if (!work) return false
  const { plan } = snapshot
  if (!plan) return true
  const named = new Set(plan.order)
  if (work.nodes.some((node, task) => task >= work.problem.fixed && !named.has(node.id))) return true
  const search = new Search(work.problem, { of: (table) => table.makespan, bound: 0 }, seeded(0))
  const now = hoursSince + toHours(search.lengthOf(orderBy(work.problem, placesIn(plan, work))))
  return Math.abs(now - plan.makespan) > DRIFT * plan.makespan
}

function planned(schedule: Schedule): PlannedWork | undefined {
  const pool = [...schedule.graph.nodes.values()].filter((node) => node.item?.state === 'ready' && !node.run)
  return pool.length > MOST_TASKS ? undefined : workOf(schedule, pool)
}

/** Keys that put the tasks in the plan's order, those that it does not name last. */
function placesIn(plan: SchedulePlan, { nodes }: PlannedWork): number[] {
  const places = new Map(plan.order.map((id, place) => [id, -place]))
  return nodes.map((node) => places.get(node.id) ?? -plan.order.length)
}

/** The priority rules, each a key for every task: the one of the incremental scheduler, and classical ones. */
function rules(schedule: Schedule, { problem, nodes }: PlannedWork, tails: number[]): number[][] {
  const { seconds, conflicts, before, after } = problem
  const crowd = conflicts.map((others, task) =>
    others.reduce((sum, other) => sum + (seconds[other] ?? 0), seconds[task] ?? 0),
  )
  return [
    nodes.map((node) => (node.item ? schedule.sortKey(node, node.item).score : 0)),
    tails,
    // The rest of the path, then what stands in line for the same files.
    tails.map((tail, task) => tail + (crowd[task] ?? 0)),
    // Greatest rank positional weight: all work that follows, a path counted as often as it is there.
    sumDown(problem, (own, following) => own + following.reduce((sum, one) => sum + one, 0)),
    followers(problem),
    // Latest start of the critical path method, and the tightest first by what waits and what is waited for.
    tails.map((tail, task) => tail - (seconds[task] ?? 0)),
    after.map((next, task) => next.length + (before[task]?.length ?? 0) + (conflicts[task]?.length ?? 0)),
    seconds.map((own) => own),
    // First come, first served.
    nodes.map((_, task) => -task),
  ]
}

/** How many tasks wait for each one, directly or not. */
function followers({ after }: RcpspProblem): number[] {
  return after.map((_, start) => {
    const found = new Set([start])
    for (const task of found) for (const next of after[task] ?? []) found.add(next)
    return found.size - 1
  })
}
