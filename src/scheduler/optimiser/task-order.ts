/** Orders of tasks: lists in which each task comes after its blockers. */
import type { RcpspProblem, Timetable } from './serial-schedule.ts'

/** Tasks in the order in which they are placed. It contains no running tasks. */
export type Order = Int32Array

/**
 * The order by a priority rule: the next task is the one with the highest key among those whose blockers are in the
 * order.
 * @param keys one for each task.
 */
export function orderBy(problem: RcpspProblem, keys: readonly number[]): Order {
  const size = problem.seconds.length
  const open = problem.before.map((before) => before.filter((other) => other >= problem.fixed).length)
  const ready: number[] = []
  for (let task = problem.fixed; task < size; task++) if (open[task] === 0) ready.push(task)
  const order = new Int32Array(size - problem.fixed)
  for (let at = 0; at < order.length; at++) {
    const task = removeHighest(ready, keys)
    order[at] = task
    for (const next of problem.after[task] as readonly number[]) {
      open[next] = (open[next] as number) - 1
      if (open[next] === 0) ready.push(next)
    }
  }
  return order
}

/**
 * The order in which a priority rule starts tasks without idle agents: at every finish it starts the ready tasks that
 * fit, highest key first (the parallel schedule generation scheme).
 */
export function orderWithoutDelay(problem: RcpspProblem, keys: readonly number[]): Order {
  const { seconds, fixed, before, after, conflicts, capacities, uses } = problem
  const size = seconds.length
  const open = before.map((others) => others.length)
  const used = capacities.map(() => 0)
  const finish = new Float64Array(size)
  const running = new Set<number>()
  const ready: number[] = []
  const order: number[] = []
  const begin = (task: number, now: number) => {
    running.add(task)
    finish[task] = now + (seconds[task] as number)
    for (const resource of uses[task] as readonly number[]) used[resource] = (used[resource] as number) + 1
  }
  const fits = (task: number) =>
    (uses[task] as readonly number[]).every(
      (resource) => (used[resource] as number) < (capacities[resource] as number),
    ) && !(conflicts[task] as readonly number[]).some((other) => running.has(other))
  const end = (task: number) => {
    running.delete(task)
    for (const resource of uses[task] as readonly number[]) used[resource] = (used[resource] as number) - 1
    for (const next of after[task] as readonly number[]) {
      open[next] = (open[next] as number) - 1
      if (open[next] === 0) ready.push(next)
    }
  }

  for (let task = 0; task < fixed; task++) begin(task, 0)
  for (let task = fixed; task < size; task++) if (open[task] === 0) ready.push(task)
  for (let now = 0; ready.length > 0 || running.size > 0; ) {
    ready.sort((a, b) => (keys[b] as number) - (keys[a] as number) || a - b)
    for (let at = 0; at < ready.length; ) {
      const task = ready[at] as number
      if (fits(task)) {
        begin(task, now)
        order.push(task)
        ready.splice(at, 1)
      } else at++
    }
    now = Math.min(...[...running].map((task) => finish[task] as number))
    for (const task of [...running]) if (finish[task] === now) end(task)
  }
  return Int32Array.from(order)
}

/** The tasks of a timetable by their start; tasks with the same start as in `order`. */
export function orderByStart(order: Order, { start }: Timetable): Order {
  return stableSort(order, (task) => start[task] as number)
}

/** The tasks of a timetable by their finish, the last first; tasks with the same finish in the reverse of `order`. */
export function orderByFinishDown(order: Order, { finish, makespan }: Timetable): Order {
  return stableSort(order.slice().reverse(), (task) => makespan - (finish[task] as number))
}

/**
 * Sorts without a callback for each comparison: time and index are packed into one number. Times are whole seconds, so
 * that 400 tasks of a thousand years in all still fit into 53 bits.
 * @param time whole, at least 0.
 */
function stableSort(order: Order, time: (task: number) => number): Order {
  const size = order.length
  const packed = new Float64Array(size)
  for (let at = 0; at < size; at++) packed[at] = time(order[at] as number) * size + at
  packed.sort()
  const sorted = new Int32Array(size)
  for (let at = 0; at < size; at++) sorted[at] = order[(packed[at] as number) % size] as number
  return sorted
}

function removeHighest(ready: number[], keys: readonly number[]): number {
  let best = 0
  for (let at = 1; at < ready.length; at++) {
    const [task, highest] = [ready[at] as number, ready[best] as number]
    const difference = (keys[task] as number) - (keys[highest] as number) || highest - task
    if (difference > 0) best = at
  }
  const [task] = ready.splice(best, 1)
  return task as number
}
