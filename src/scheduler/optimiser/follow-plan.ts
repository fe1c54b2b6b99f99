/**
 * Following a plan. Every decision turns the plan's order into a new timetable, from the present runs and their elapsed
 * time: so the plan adapts to reality. The items that the timetable starts now may start. A ready item that it starts
 * later waits, because it would use the files or the agent of an item that comes first.
 */

import type { Node } from '../node.ts'
import { compareSortKeys } from '../ready-queues.ts'
import type { ScheduleState } from '../schedule-state.ts'
import { MAX_TASKS, type PlanningProblem, planningProblemOf, toHours } from './rcpsp.ts'
import { SerialScheduler } from './serial-schedule.ts'
import { orderBy, orderByStart } from './task-order.ts'

/** The assumed error of estimates before there are finished items to compare them with. */
const DEFAULT_SPREAD = 0.5

/** A reservation names at most this many of the items that need an agent first. */
const MAX_NAMED = 3

/** The items that a ready item waits for, and in how many hours the first of them starts. */
export type Reservation = { for: Node[]; hours: number }

export type FollowedPlan = { now: ReadonlySet<Node>; reserved: ReadonlyMap<Node, Reservation> }

/**
 * Compares the plan with the present state.
 *
 * With fairness between several repositories a plan only gives the order, because it does not include fairness.
 * @returns undefined when there is no plan, no item of it can start, or nothing is reserved for it: then only its order
 * counts.
 */
export function followPlan(schedule: ScheduleState): FollowedPlan | undefined {
  const { plan, graph, rules, spread } = schedule
  const maxIdleShare = maxIdleShareFor(spread ?? DEFAULT_SPREAD)
  if (!plan || maxIdleShare === 0) return undefined
  const pool = new Set<Node>()
  for (const id of plan.order.slice(0, MAX_TASKS)) {
    const node = graph.nodes.get(id)
    if (node) pool.add(node)
  }
  const startable = schedule.readyItems()
  if (startable.size <= MAX_TASKS) for (const node of startable.nodes) pool.add(node)
  const planning = planningProblemOf(schedule, pool)
  if (!planning) return undefined
  const repositories = new Set(planning.nodes.map((node) => node.item?.repository))
  if (repositories.size > 1 && rules.fairness !== 'none') return undefined
  return readTimetable(schedule, planning, maxIdleShare)
}

function readTimetable(
  schedule: ScheduleState,
  { problem, nodes }: PlanningProblem,
  maxIdleShare: number,
): FollowedPlan {
  const decoder = new SerialScheduler(problem)
  const table = decoder.emptyTimetable()
  // Items that are not in the plan come last, by leverage.
  const sortKeys = nodes.map((node) => node.item && schedule.sortKey(node, node.item))
  const ranked = [...nodes.keys()].sort((a, b) => compareSortKeys(sortKeys[a], sortKeys[b]))
  const keys: number[] = []
  ranked.forEach((task, place) => {
    keys[task] = -place
  })
  const order = orderBy(problem, keys)
  decoder.forward(order, table)
  const byStart = Array.from(orderByStart(order, table))
  const later = byStart.filter((task) => (table.start[task] ?? 0) > 0).slice(0, MAX_NAMED)

  const now = new Set<Node>()
  const reserved = new Map<Node, Reservation>()
  nodes.forEach((node, task) => {
    if (task < problem.fixed || !schedule.readyEntry(node)) return
    const start = table.start[task] ?? 0
    const others = start === 0 ? [] : itemsBefore(task)
    const idle = Math.min(...others.map((other) => table.start[other] ?? 0))
    if (start === 0) now.add(node)
    else if (idle <= maxIdleShare * (problem.seconds[task] ?? 0)) reserved.set(node, reservation(others, idle))
  })
  return { now, reserved }

  /** The items that need its files, or else the items that need an agent first; the earliest first. */
  function itemsBefore(task: number): number[] {
    const limit = Math.min(problem.seconds[task] ?? 0, table.start[task] ?? 0)
    // An item that runs or starts now needs no reservation: the path locks and the limits already apply.
    const startsBefore = (other: number) => (table.start[other] ?? 0) > 0 && (table.start[other] ?? 0) < limit
    const conflicting = new Set(problem.conflicts[task]?.filter(startsBefore))
    if (conflicting.size > 0) return byStart.filter((other) => conflicting.has(other))
    return later.filter(startsBefore)
  }

  function reservation(others: readonly number[], idle: number): Reservation {
    return { for: others.flatMap((other) => nodes[other] ?? []), hours: toHours(idle) }
  }
}

/**
 * How long files or an agent may stay idle for the next items of the plan, as a share of the effort of the item that
 * could start now. Measured on the job shops of `npm run bench -- makespan`: following the plan exactly is best up to a
 * spread of about 0.25 (1.088 against 1.111 without any waiting at 0.2), and at 0.5 waiting costs more than it gains
 * (1.343 against 1.326).
 */
function maxIdleShareFor(spread: number): number {
  return Math.min(1, Math.max(0, 2 - 4 * spread))
}
