/**
 * The serial schedule generation scheme of resource-constrained project scheduling (Kolisch and Hartmann, EJOR 174,
 * 2006): it turns an order into a timetable. Each task, in that order, starts as early as its blockers, the resources
 * and the conflicting tasks placed before it allow. One of the orders always gives an optimal timetable.
 */
import { ResourceProfile } from './resource-profile.ts'

/**
 * Tasks are numbers from 0. The first `fixed` of them are running: they start at time 0 in any order. Times are whole
 * seconds, so that sums in different orders are equal. Indices into the arrays are in range by construction: `as
 * number`.
 */
export type RcpspProblem = {
  /** Durations in seconds; the remaining ones of running tasks. */
  seconds: readonly number[]
  fixed: number
  /** The blockers of each task, and its dependents. */
  before: readonly (readonly number[])[]
  after: readonly (readonly number[])[]
  /** The tasks that must not run at the same time as each task. */
  conflicts: readonly (readonly number[])[]
  /** How many tasks may use each resource at once: agents of one kind, of one repository, or all. */
  capacities: readonly number[]
  /** The resources of each task. It uses one unit of each. */
  uses: readonly (readonly number[])[]
}

export type Timetable = { start: Float64Array; finish: Float64Array; makespan: number }

/** Generates timetables for one problem in preallocated memory. */
export class SerialScheduler {
  readonly problem: RcpspProblem
  readonly size: number
  readonly #profiles: ResourceProfile[]
  readonly #placed: Uint8Array

  constructor(problem: RcpspProblem) {
    this.problem = problem
    this.size = problem.seconds.length
    this.#profiles = problem.capacities.map((capacity) => new ResourceProfile(capacity, this.size))
    this.#placed = new Uint8Array(this.size)
  }

  /** @returns memory for a timetable. */
  emptyTimetable(): Timetable {
    return { start: new Float64Array(this.size), finish: new Float64Array(this.size), makespan: 0 }
  }

  /**
   * Places every task as early as possible.
   * @param order every task that is not fixed, each after its blockers.
   * @param into overwritten.
   */
  forward(order: ArrayLike<number>, into: Timetable): void {
    this.#begin(into, 0)
    for (let at = 0; at < order.length; at++) this.#place(into, order[at] as number, this.problem.before)
  }

  /**
   * Places every task except the running ones as late as possible before the end of `from`. Times in `into` count back
   * from that end: a task's `start` is the time between its finish and the end.
   * @param order every task that is not fixed, each after its dependents.
   */
  backward(order: ArrayLike<number>, from: Timetable, into: Timetable): void {
    this.#begin(into, from.makespan)
    for (let at = 0; at < order.length; at++) this.#place(into, order[at] as number, this.problem.after)
  }

  /** @param end 0 for a forward timetable; else the time from which times count back. */
  #begin(into: Timetable, end: number): void {
    this.#placed.fill(0)
    for (const profile of this.#profiles) profile.clear()
    for (let task = 0; task < this.problem.fixed; task++) {
      this.#occupy(into, task, end === 0 ? 0 : end - (this.problem.seconds[task] as number))
    }
    into.makespan = 0
    if (end > 0) return
    for (let task = 0; task < this.problem.fixed; task++)
      into.makespan = Math.max(into.makespan, into.finish[task] as number)
  }

  #place(into: Timetable, task: number, first: RcpspProblem['before']): void {
    let earliest = 0
    for (const other of first[task] as readonly number[]) {
      const finish = into.finish[other] as number
      if (finish > earliest) earliest = finish
    }
    const start = this.#firstFit(into, task, earliest)
    this.#occupy(into, task, start)
    const finish = into.finish[task] as number
    if (finish > into.makespan) into.makespan = finish
  }

  #firstFit(into: Timetable, task: number, earliest: number): number {
    const { conflicts, uses, seconds } = this.problem
    const length = seconds[task] as number
    let start = earliest
    for (;;) {
      let later = start
      for (const resource of uses[task] as readonly number[]) {
        later = (this.#profiles[resource] as ResourceProfile).earliest(later, length)
      }
      for (const other of conflicts[task] as readonly number[]) {
        if (this.#placed[other] === 0) continue
        const finish = into.finish[other] as number
        if (finish > later && (into.start[other] as number) < later + length) later = finish
      }
      if (later === start) return start
      start = later
    }
  }

  #occupy(into: Timetable, task: number, start: number): void {
    const finish = start + (this.problem.seconds[task] as number)
    into.start[task] = start
    into.finish[task] = finish
    this.#placed[task] = 1
    if (finish <= start) return
    for (const resource of this.problem.uses[task] as readonly number[]) {
      ;(this.#profiles[resource] as ResourceProfile).add(start, finish)
    }
  }
}
