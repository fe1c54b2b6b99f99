/**
 * Searches a better plan than the order by leverage, in a separate thread. The plan is an order. `choose` follows it as
 * far as the present state allows, see `follow-plan.ts`.
 */

import { Schedule } from '../schedule.ts'
import type { SchedulePlan, Snapshot } from '../types.ts'
import { costOf } from './cost.ts'
import { combineSuccessors, longestTails, POPULATION, Search } from './genetic-search.ts'
import { seeded } from './random.ts'
import { MAX_TASKS, type PlanningProblem, planningProblemOf, toHours } from './rcpsp.ts'
import type { RcpspProblem } from './serial-schedule.ts'
import { orderBy } from './task-order.ts'

export type OptimiseOptions = {
  /** The same seed gives the same plan. */
  seed: number
  /** `portfolio`: rules only, some 10 to 100 ms. `genetic`: a genetic search, too, under a second for 100 items. */
  method?: 'portfolio' | 'genetic'
  /** At most this many timetables; about 20,000 a second for 100 items on one core. */
  timetables?: number
  /** Stops where no plan could be better by more than this share of its cost; 0 without it. */
  tolerance?: number
}

/**
 * The default number of timetables: enough for 100 items (the job shops of the benchmark gain little after that), and
 * fewer for more items, so that the time stays about the same.
 */
const TIMETABLES = {
  portfolio: (items: number) => Math.min(1000, Math.ceil(100_000 / items)),
  genetic: (items: number) => Math.min(10_000, Math.ceil(1_000_000 / items)),
} as const

/** A plan whose makespan is wrong by more than this share is stale. */
const MAX_DRIFT = 0.1

/**
 * @param snapshot the search starts from its plan, so that a new plan is never worse than the old one.
 * @returns undefined when no item or more than 400 items can be planned: then the order by leverage is used alone.
 */
export function optimise(snapshot: Snapshot, options: OptimiseOptions): SchedulePlan | undefined {
  if (snapshot.items.length === 0) return undefined
  const schedule = new Schedule(snapshot)
  const planning = problemOf(schedule)
  if (!planning) return undefined
  const { problem, nodes } = planning
  const method = options.method ?? 'genetic'
  const budget = options.timetables ?? TIMETABLES[method](nodes.length)
  const tails = longestTails(problem)
  const cost = costOf(planning)
  const enough = cost.bound * (1 + (options.tolerance ?? 0))
  const search = new Search(problem, { ...cost, bound: enough }, seeded(options.seed))
  if (snapshot.plan) search.add(orderBy(problem, placesIn(snapshot.plan, planning)))
  const all = rules(schedule, planning, tails)
  search.portfolio(all)
  search.sample(all, budget, method === 'genetic' ? POPULATION : undefined)
  if (method === 'genetic') search.breed(budget)
  const { best } = search
  if (!best) return undefined
  const order = Array.from(best.order, (task) => nodes[task]?.id).filter((id) => id !== undefined)
  return { order, makespan: toHours(best.makespan) }
}

/**
 * Whether to search a new plan: there is none, an item can be planned that is not in it, or the remaining time differs
 * by more than a tenth from the plan.
 * @param hoursSince hours since the plan was made.
 */
export function isStale(snapshot: Snapshot, hoursSince: number): boolean {
  const schedule = new Schedule(snapshot)
  const planning = problemOf(schedule)
  if (!planning) return false
  const { plan } = snapshot
  if (!plan) return true
  const named = new Set(plan.order)
  if (planning.nodes.some((node, task) => task >= planning.problem.fixed && !named.has(node.id))) return true
  const search = new Search(planning.problem, { of: (table) => table.makespan, bound: 0 }, seeded(0))
  const now = hoursSince + toHours(search.makespanOf(orderBy(planning.problem, placesIn(plan, planning))))
  return Math.abs(now - plan.makespan) > MAX_DRIFT * plan.makespan
}

function problemOf(schedule: Schedule): PlanningProblem | undefined {
  const pool = [...schedule.graph.nodes.values()].filter((node) => node.item?.state === 'ready' && !node.run)
  return pool.length > MAX_TASKS ? undefined : planningProblemOf(schedule, pool)
}

/** Keys for the order of the plan. Tasks that are not in it come last. */
function placesIn(plan: SchedulePlan, { nodes }: PlanningProblem): number[] {
  const places = new Map(plan.order.map((id, place) => [id, -place]))
  return nodes.map((node) => places.get(node.id) ?? -plan.order.length)
}

/** The priority rules, each with a key for every task: the rule of the incremental scheduler, and classical ones. */
function rules(schedule: Schedule, { problem, nodes }: PlanningProblem, tails: number[]): number[][] {
  const { seconds, conflicts, before, after } = problem
  const contention = conflicts.map((others, task) =>
    others.reduce((sum, other) => sum + (seconds[other] ?? 0), seconds[task] ?? 0),
  )
  return [
    nodes.map((node) => (node.item ? schedule.sortKey(node, node.item).score : 0)),
    tails,
    // The remaining path, and all tasks that need the same files.
    tails.map((tail, task) => tail + (contention[task] ?? 0)),
    // Greatest rank positional weight: all work that follows; a task counts once for each path to it.
    combineSuccessors(problem, (own, successors) => own + successors.reduce((sum, one) => sum + one, 0)),
    countSuccessors(problem),
    // The latest start of the critical path method; then the number of dependents, blockers and conflicts.
    tails.map((tail, task) => tail - (seconds[task] ?? 0)),
    after.map((next, task) => next.length + (before[task]?.length ?? 0) + (conflicts[task]?.length ?? 0)),
    seconds.map((own) => own),
    // First come, first served.
    nodes.map((_, task) => -task),
  ]
}

/** How many tasks depend on each one, directly or indirectly. */
function countSuccessors({ after }: RcpspProblem): number[] {
  return after.map((_, start) => {
    const found = new Set([start])
    for (const task of found) for (const next of after[task] ?? []) found.add(next)
    return found.size - 1
  })
}
