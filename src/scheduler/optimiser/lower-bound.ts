/** What no timetable can beat: where the search has reached it, it can stop. */

import { longestTails } from './genetic-search.ts'
import type { RcpspProblem } from './serial-schedule.ts'

/**
 * The earliest end that a part of the tasks can have, for parts of one problem. The largest of three bounds: the longest path up to a
 * task; all work spread evenly over a resource; and for each duration d the time until the running tasks and as many pieces of
 * d as there are tasks that take at least d have fitted into the places of a resource. The last one is exact where all
 * tasks that wait take as long, as those without an estimate do.
 */
export class LowerBound {
  readonly #problem: RcpspProblem
  /** The longest path that ends with each task, in seconds. */
  readonly #heads: readonly number[]

  constructor(problem: RcpspProblem) {
    this.#problem = problem
    const { before, after } = problem
    this.#heads = longestTails({ ...problem, before: after, after: before })
  }

  /** @param counts the tasks that must be done; all of them without it. @returns seconds. */
  makespan(counts: (task: number) => boolean = () => true): number {
    const { seconds, capacities, uses, fixed } = this.#problem
    const all = [...seconds.keys()]
    const wanted = all.filter(counts)
    let least = Math.max(0, ...wanted.map((task) => this.#heads[task] ?? 0))
    capacities.forEach((capacity, resource) => {
      const lengthsOf = (tasks: number[]) =>
        tasks.filter((task) => uses[task]?.includes(resource)).map((task) => seconds[task] ?? 0)
      const load = lengthsOf(wanted).reduce((sum, length) => sum + length, 0)
      const running = lengthsOf(all.slice(0, fixed))
      const waiting = lengthsOf(wanted.filter((task) => task >= fixed))
      // More may run than a limit that was lowered allows.
      const places = Math.max(capacity, running.length)
      least = Math.max(least, Math.ceil(load / places), piecesEnd(running, waiting, places))
    })
    return least
  }
}

function piecesEnd(running: readonly number[], waiting: readonly number[], places: number): number {
  const longestFirst = [...waiting].filter((length) => length > 0).sort((a, b) => b - a)
  let end = 0
  longestFirst.forEach((length, at) => {
    // Of tasks that take the same time, the last one counts all of them.
    if (length !== longestFirst[at + 1]) end = Math.max(end, endOfPieces({ running, length, count: at + 1, places }))
  })
  return end
}

/** When so many tasks of one length are done at the earliest, in places of which some are taken for a while. */
function endOfPieces(given: { running: readonly number[]; length: number; count: number; places: number }): number {
  const { running, length, count, places } = given
  const free = Math.max(0, places - running.length)
  const fitUntil = (end: number) =>
    running.reduce((sum, left) => sum + Math.max(0, Math.floor((end - left) / length)), free * Math.floor(end / length))
  let [low, high] = [0, Math.max(0, ...running) + length * count]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (fitUntil(middle) >= count) high = middle
    else low = middle + 1
  }
  return low
}
