/** The cost of a timetable: lower is better. */

import { DEFAULT_PRIORITY, PRIORITY_WEIGHTS } from '../leverage.ts'
import type { Priority } from '../types.ts'
import type { TimetableCost } from './genetic-search.ts'
import { LowerBound } from './lower-bound.ts'
import type { PlanningProblem } from './rcpsp.ts'
import type { Timetable } from './serial-schedule.ts'

/**
 * For each priority that occurs: its weight times the time when all items of that priority and of more urgent ones are
 * done. The cost is the sum. With a single priority that is its weight times the makespan.
 */
export function costOf({ problem, nodes }: PlanningProblem): TimetableCost {
  const classes = nodes.map((node) => node.item?.priority ?? DEFAULT_PRIORITY)
  const present = ([0, 1, 2, 3] as const).filter((priority) => classes.slice(problem.fixed).includes(priority))
  const [only] = present
  const simple = present.length === 1 && only !== undefined
  const of = (table: Timetable) => {
    if (simple) return PRIORITY_WEIGHTS[only] * table.makespan
    const ends: Record<Priority, number> = { 0: 0, 1: 0, 2: 0, 3: 0 }
    classes.forEach((priority, task) => {
      ends[priority] = Math.max(ends[priority], table.finish[task] ?? 0)
    })
    let sum = 0
    let end = 0
    for (const priority of present) {
      end = Math.max(end, ends[priority])
      sum += PRIORITY_WEIGHTS[priority] * end
    }
    return sum
  }
  const least = new LowerBound(problem)
  if (simple) return { of, bound: PRIORITY_WEIGHTS[only] * least.makespan() }
  const endOf = (priority: Priority) =>
    least.makespan((task) => present.some((one) => one <= priority && one === classes[task]))
  return { of, bound: present.reduce<number>((sum, priority) => sum + PRIORITY_WEIGHTS[priority] * endOf(priority), 0) }
}
