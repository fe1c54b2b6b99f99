/**
 * From an order to a timetable: each task, taken in that order, starts as early as what it waits for, the agents and the
 * conflicting tasks already placed allow. This is the serial schedule generation scheme of resource-constrained project
 * scheduling (Kolisch and Hartmann, EJOR 174, 2006); some order always gives the best timetable there is.
 */
import { Profile } from './resource-profile.ts'

/**
 * Tasks are numbers from 0; the first `fixed` of them are running and start at time 0 whatever the order. Times are whole
 * seconds, so that sums in different orders agree. Indices into the arrays are in range by construction: `as number`.
 */
export type RcpspProblem = {
  /** Seconds; of running tasks those that remain. */
  seconds: readonly number[]
  fixed: number
  /** Which tasks each one waits for, and which wait for it. */
  before: readonly (readonly number[])[]
  after: readonly (readonly number[])[]
  /** Which tasks it may never run at the same time with. */
  conflicts: readonly (readonly number[])[]
  /** How many tasks that use a resource may run at once: agents of one kind, of one repository, or all. */
  capacities: readonly number[]
  /** The resources that each task uses one unit of. */
  uses: readonly (readonly number[])[]
}

export type Timetable = { start: Float64Array; finish: Float64Array; makespan: number }

/** Makes timetables for one problem, over and over, in memory that it keeps. */
export class SerialScheduler {
  readonly problem: RcpspProblem
  readonly size: number
  readonly #profiles: Profile[]
  readonly #placed: Uint8Array

  constructor(problem: RcpspProblem) {
    this.problem = problem
    this.size = problem.seconds.length
    this.#profiles = problem.capacities.map((capacity) => new Profile(capacity, this.size))
    this.#placed = new Uint8Array(this.size)
  }

  /** @returns room for a timetable. */
  blank(): Timetable {
    return { start: new Float64Array(this.size), finish: new Float64Array(this.size), makespan: 0 }
  }

  /**
   * Places every task as early as it goes.
   * @param order every task that is not fixed, none before one that it waits for.
   * @param into overwritten.
   */
  forward(order: ArrayLike<number>, into: Timetable): void {
    this.#begin(into, 0)
    for (let at = 0; at < order.length; at++) this.#place(into, order[at] as number, this.problem.before)
  }

  /**
   * Places every task as late as it goes before the end of `from`, running ones aside. Times in `into` count back from
   * that end: a task's `start` there is how long before it the task finishes.
   * @param order every task that is not fixed, none before one that waits for it.
   */
  backward(order: ArrayLike<number>, from: Timetable, into: Timetable): void {
    this.#begin(into, from.makespan)
    for (let at = 0; at < order.length; at++) this.#place(into, order[at] as number, this.problem.after)
  }

  /** @param end 0 when time runs forward; else the time from which it is counted back. */
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
        later = (this.#profiles[resource] as Profile).earliest(later, length)
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
      ;(this.#profiles[resource] as Profile).add(start, finish)
    }
  }
}
