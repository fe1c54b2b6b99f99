/**
 * Searches better orders for one problem: forward-backward improvement, a portfolio of priority rules, and a small
 * genetic search over their results. The budget counts timetables and not time, so that the result does not depend on
 * the machine.
 */

import { type Random, randomInt } from './random.ts'
import { type RcpspProblem, SerialScheduler, type Timetable } from './serial-schedule.ts'
import { type Order, orderBy, orderByFinishDown, orderByStart, orderWithoutDelay } from './task-order.ts'

export type Solution = { order: Order; cost: number; makespan: number }

/** The cost of a timetable: lower is better, and the search ends at `bound`. */
export type TimetableCost = { of: (table: Timetable) => number; bound: number }

/** The number of orders in the population of the genetic search. */
export const POPULATION = 40

/** The probability that a task moves to another place of a new order. */
const MOVE_RATE = 0.03

export class Search {
  readonly #decoder: SerialScheduler
  readonly #cost: TimetableCost
  readonly #random: Random
  readonly #forward: Timetable
  readonly #backward: Timetable
  /** Longest path of each task, in seconds. */
  readonly #tails: readonly number[]
  #population: Solution[] = []
  /** The number of timetables so far. */
  timetablesMade = 0

  constructor(problem: RcpspProblem, cost: TimetableCost, random: Random) {
    this.#decoder = new SerialScheduler(problem)
    this.#cost = cost
    this.#random = random
    this.#forward = this.#decoder.emptyTimetable()
    this.#backward = this.#decoder.emptyTimetable()
    this.#tails = longestTails(problem)
  }

  /** The best so far. */
  get best(): Solution | undefined {
    return this.#population[0]
  }

  get #finished(): boolean {
    return this.best !== undefined && this.best.cost <= this.#cost.bound
  }

  /** Adds a known order, such as that of the plan before. */
  add(order: Order): void {
    this.#keep(this.#improve(order))
  }

  /** The makespan of the timetable of this order, without improvement. */
  makespanOf(order: Order): number {
    this.#decode(order)
    return this.#forward.makespan
  }

  /** Tries each rule (a key for every task), with and without idle agents. */
  portfolio(rules: readonly (readonly number[])[]): void {
    const { problem } = this.#decoder
    for (const keys of rules) {
      if (this.#finished) return
      this.#keep(this.#improve(orderWithoutDelay(problem, keys)))
      this.#keep(this.#improve(orderBy(problem, keys)))
    }
  }

  /**
   * Tries the rules with randomly changed keys, until `budget` timetables have been made.
   * @param maxOrders stops when the population has this many orders.
   */
  sample(rules: readonly (readonly number[])[], budget: number, maxOrders = Number.POSITIVE_INFINITY): void {
    while (this.timetablesMade < budget && this.#population.length < maxOrders && !this.#finished) {
      const rule = rules[randomInt(this.#random, rules.length)] ?? this.#tails
      const keys = rule.map((key) => this.#perturb(key, 0.3))
      this.#keep(this.#improve(orderWithoutDelay(this.#decoder.problem, keys)))
    }
  }

  /**
   * Breeds orders until `budget` timetables have been made: two-point crossover of activity lists (Hartmann 1998), a
   * new order for a part of the child, moves of single tasks, then forward-backward improvement as in the hybrid
   * genetic algorithm of Valls, Ballestín and Quintanilla (EJOR 185, 2008).
   */
  breed(budget: number): void {
    // A child that is in the population already costs timetables, too: the loop ends.
    while (this.timetablesMade < budget && !this.#finished && this.#population.length > 1) {
      const child = this.#cross(this.#parent(), this.#parent())
      this.#reorderPart(child)
      this.#moveSome(child)
      this.#keep(this.#improve(child))
    }
  }

  /**
   * Places the tasks as late as possible, latest first, then again as early as possible, and repeats while the cost
   * decreases. No round is worse than the one before (Li and Willis, EJOR 56, 1992; double justification of Valls et
   * al. 2005).
   */
  #improve(from: Order): Solution {
    let order = this.#decode(from)
    let best: Solution = { order, cost: this.#cost.of(this.#forward), makespan: this.#forward.makespan }
    for (;;) {
      const back = orderByFinishDown(order, this.#forward)
      this.#decoder.backward(back, this.#forward, this.#backward)
      this.timetablesMade++
      order = this.#decode(orderByFinishDown(back, this.#backward))
      const cost = this.#cost.of(this.#forward)
      if (cost >= best.cost) return best
      best = { order, cost, makespan: this.#forward.makespan }
    }
  }

  #decode(order: Order): Order {
    this.#decoder.forward(order, this.#forward)
    this.timetablesMade++
    return orderByStart(order, this.#forward)
  }

  /** Adds a new solution. In a full population it replaces the worst of a few random ones, if it is better. */
  #keep(solution: Solution): void {
    const all = this.#population
    if (all.some((one) => one.cost === solution.cost && sameOrder(one.order, solution.order))) return
    if (all.length < POPULATION) all.push(solution)
    else {
      const sample = [0, 1, 2].map(() => randomInt(this.#random, all.length))
      const worst = Math.max(...sample)
      const loser = all[worst]
      // The population is sorted, so the highest index is the worst.
      if (!loser || solution.cost > loser.cost) return
      all[worst] = solution
    }
    all.sort((a, b) => a.cost - b.cost)
  }

  /** The better of two random orders. */
  #parent(): Order {
    const { length } = this.#population
    const at = Math.min(randomInt(this.#random, length), randomInt(this.#random, length))
    return (this.#population[at] as Solution).order
  }

  /** The ends from one parent, the middle in the order of the other parent. No task comes before its blockers. */
  #cross(ends: Order, middle: Order): Order {
    const [one, other] = [randomInt(this.#random, ends.length), randomInt(this.#random, ends.length)]
    const [from, to] = [Math.min(one, other), Math.max(one, other)]
    const child = new Int32Array(ends.length)
    const taken = new Uint8Array(this.#decoder.size)
    let size = 0
    const copy = (order: Order, until: number) => {
      for (let at = 0; at < order.length && size < until; at++) {
        const task = order[at] as number
        if (taken[task]) continue
        taken[task] = 1
        child[size++] = task
      }
    }
    copy(ends, from)
    copy(middle, to)
    copy(ends, ends.length)
    return child
  }

  /** Sorts 5 to 24 adjacent tasks by their longest paths, which are changed randomly. */
  #reorderPart(order: Order): void {
    const length = Math.min(order.length, 5 + randomInt(this.#random, 20))
    const from = randomInt(this.#random, order.length - length + 1)
    const remaining = new Set(order.subarray(from, from + length))
    const keys = new Map([...remaining].map((task) => [task, this.#perturb(this.#tails[task] as number, 0.4)]))
    for (let at = from; at < from + length; at++) {
      let next = -1
      for (const task of remaining) {
        const waits = (this.#decoder.problem.before[task] as readonly number[]).some((other) => remaining.has(other))
        if (!waits && (next < 0 || (keys.get(task) as number) > (keys.get(next) as number))) next = task
      }
      remaining.delete(next)
      order[at] = next
    }
  }

  /** Moves some tasks to another place between their blockers and their dependents. */
  #moveSome(order: Order): void {
    const { before, after } = this.#decoder.problem
    for (let at = 0; at < order.length; at++) {
      if (this.#random() >= MOVE_RATE) continue
      const task = order[at] as number
      let low = at
      while (low > 0 && !(before[task] as readonly number[]).includes(order[low - 1] as number)) low--
      let high = at
      while (high < order.length - 1 && !(after[task] as readonly number[]).includes(order[high + 1] as number)) high++
      const to = low + randomInt(this.#random, high - low + 1)
      if (to < at) order.copyWithin(to + 1, to, at)
      else order.copyWithin(at, at + 1, to + 1)
      order[to] = task
    }
  }

  #perturb(value: number, by: number): number {
    return value * (1 + (2 * this.#random() - 1) * by)
  }
}

/** The seconds along the longest path that starts with each task. */
export function longestTails(problem: RcpspProblem): number[] {
  return combineSuccessors(problem, (own, after) => own + after.reduce((longest, one) => Math.max(longest, one), 0))
}

/** Computes a value of every task from its own seconds and the values of its dependents. */
export function combineSuccessors(problem: RcpspProblem, combine: (own: number, after: number[]) => number): number[] {
  const { seconds, before, after } = problem
  const values = seconds.map(() => 0)
  const open = after.map((others) => others.length)
  const ready = [...open.keys()].filter((task) => open[task] === 0)
  for (const task of ready) {
    const successors = (after[task] as readonly number[]).map((other) => values[other] as number)
    values[task] = combine(seconds[task] as number, successors)
    for (const other of before[task] as readonly number[]) {
      open[other] = (open[other] as number) - 1
      if (open[other] === 0) ready.push(other)
    }
  }
  return values
}

function sameOrder(a: Order, b: Order): boolean {
  return a.every((task, at) => task === b[at])
}
