/**
 * Better orders for one problem: forward-backward improvement, a portfolio of priority rules, and a small genetic search
 * over what these found. Work is counted in timetables made and not in time, so that the result does not depend on the
 * machine.
 */

import { type Random, randomInt } from './random.ts'
import { type RcpspProblem, SerialScheduler, type Timetable } from './serial-schedule.ts'
import { type Order, orderBy, orderByFinishDown, orderByStart, orderWithoutDelay } from './task-order.ts'

export type Found = { order: Order; cost: number; makespan: number }

/** What a timetable costs, lower is better; never below `bound`. */
export type TimetableCost = { of: (table: Timetable) => number; bound: number }

/** Orders kept, which the genetic search breeds from. */
export const POPULATION = 40

/** Each task moves to another place of its order with this probability when an order is bred. */
const MOVE_RATE = 0.03

export class Search {
  readonly #decoder: SerialScheduler
  readonly #cost: TimetableCost
  readonly #random: Random
  readonly #forward: Timetable
  readonly #backward: Timetable
  /** Longest path of each task, in seconds. */
  readonly #tails: readonly number[]
  #population: Found[] = []
  /** Timetables made so far. */
  made = 0

  constructor(problem: RcpspProblem, cost: TimetableCost, random: Random) {
    this.#decoder = new SerialScheduler(problem)
    this.#cost = cost
    this.#random = random
    this.#forward = this.#decoder.blank()
    this.#backward = this.#decoder.blank()
    this.#tails = longestTails(problem)
  }

  /** The best so far. */
  get best(): Found | undefined {
    return this.#population[0]
  }

  get #finished(): boolean {
    return this.best !== undefined && this.best.cost <= this.#cost.bound
  }

  /** Takes in an order that is known already, for one the plan of before. */
  add(order: Order): void {
    this.#keep(this.#improve(order))
  }

  /** The makespan of the timetable that this order gives as it stands. */
  lengthOf(order: Order): number {
    this.#decode(order)
    return this.#forward.makespan
  }

  /** Tries each rule, a key for every task, with and without leaving agents idle. */
  portfolio(rules: readonly (readonly number[])[]): void {
    const { problem } = this.#decoder
    for (const keys of rules) {
      if (this.#finished) return
      this.#keep(this.#improve(orderWithoutDelay(problem, keys)))
      this.#keep(this.#improve(orderBy(problem, keys)))
    }
  }

  /**
   * Tries the rules with their keys blurred, until `budget` timetables have been made.
   * @param most stops when so many orders are kept.
   */
  sample(rules: readonly (readonly number[])[], budget: number, most = Number.POSITIVE_INFINITY): void {
    while (this.made < budget && this.#population.length < most && !this.#finished) {
      const rule = rules[randomInt(this.#random, rules.length)] ?? this.#tails
      const keys = rule.map((key) => this.#blur(key, 0.3))
      this.#keep(this.#improve(orderWithoutDelay(this.#decoder.problem, keys)))
    }
  }

  /**
   * Breeds orders until `budget` timetables have been made: two-point crossover of activity lists (Hartmann 1998), a
   * stretch of the child ordered anew, single tasks moved, then forward-backward improvement as in Valls, Ballestín and
   * Quintanilla's hybrid genetic algorithm (EJOR 185, 2008).
   */
  breed(budget: number): void {
    // Children that are there already cost timetables too, so the loop ends.
    while (this.made < budget && !this.#finished && this.#population.length > 1) {
      const child = this.#cross(this.#parent(), this.#parent())
      this.#reorderStretch(child)
      this.#moveSome(child)
      this.#keep(this.#improve(child))
    }
  }

  /**
   * Places the tasks as late as they go, latest first, then again as early as they go, and repeats while that helps. No
   * round is worse than the one before (Li and Willis, EJOR 56, 1992; double justification of Valls et al. 2005).
   */
  #improve(from: Order): Found {
    let order = this.#decode(from)
    let best: Found = { order, cost: this.#cost.of(this.#forward), makespan: this.#forward.makespan }
    for (;;) {
      const back = orderByFinishDown(order, this.#forward)
      this.#decoder.backward(back, this.#forward, this.#backward)
      this.made++
      order = this.#decode(orderByFinishDown(back, this.#backward))
      const cost = this.#cost.of(this.#forward)
      if (cost >= best.cost) return best
      best = { order, cost, makespan: this.#forward.makespan }
    }
  }

  #decode(order: Order): Order {
    this.#decoder.forward(order, this.#forward)
    this.made++
    return orderByStart(order, this.#forward)
  }

  /** Keeps what is new and good enough: when there are enough, the worst of a random few makes room. */
  #keep(found: Found): void {
    const all = this.#population
    if (all.some((one) => one.cost === found.cost && sameOrder(one.order, found.order))) return
    if (all.length < POPULATION) all.push(found)
    else {
      const few = [0, 1, 2].map(() => randomInt(this.#random, all.length))
      const worst = Math.max(...few)
      const loser = all[worst]
      // The population is sorted, so the highest index is the worst.
      if (!loser || found.cost > loser.cost) return
      all[worst] = found
    }
    all.sort((a, b) => a.cost - b.cost)
  }

  /** The better of two. */
  #parent(): Order {
    const { length } = this.#population
    const at = Math.min(randomInt(this.#random, length), randomInt(this.#random, length))
    return (this.#population[at] as Found).order
  }

  /** Ends from one parent, the middle in the order of the other; none comes before what it waits for. */
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

  /** Puts 5 to 24 neighbours in the order of their blurred longest paths. */
  #reorderStretch(order: Order): void {
    const length = Math.min(order.length, 5 + randomInt(this.#random, 20))
    const from = randomInt(this.#random, order.length - length + 1)
    const left = new Set(order.subarray(from, from + length))
    const keys = new Map([...left].map((task) => [task, this.#blur(this.#tails[task] as number, 0.4)]))
    for (let at = from; at < from + length; at++) {
      let next = -1
      for (const task of left) {
        const waits = (this.#decoder.problem.before[task] as readonly number[]).some((other) => left.has(other))
        if (!waits && (next < 0 || (keys.get(task) as number) > (keys.get(next) as number))) next = task
      }
      left.delete(next)
      order[at] = next
    }
  }

  /** Moves some tasks elsewhere between what they wait for and what waits for them. */
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

  #blur(value: number, by: number): number {
    return value * (1 + (2 * this.#random() - 1) * by)
  }
}

/** For each task the seconds along the longest path that starts with it. */
export function longestTails(problem: RcpspProblem): number[] {
  return sumDown(problem, (own, after) => own + after.reduce((longest, one) => Math.max(longest, one), 0))
}

/** Computes a value of every task from its own seconds and the values of those that wait for it. */
export function sumDown(problem: RcpspProblem, combine: (own: number, after: number[]) => number): number[] {
  const { seconds, before, after } = problem
  const values = seconds.map(() => 0)
  const open = after.map((others) => others.length)
  const ready = [...open.keys()].filter((task) => open[task] === 0)
  for (const task of ready) {
    const following = (after[task] as readonly number[]).map((other) => values[other] as number)
    values[task] = combine(seconds[task] as number, following)
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
