/** The scheduler's front door: what to start now, and why everything else waits. */
import type { Decision } from './decision.ts'
import { Schedule } from './schedule.ts'
import type { Snapshot } from './types.ts'

/**
 * Decides about every unfinished item that has no run. Pure: the same snapshot always gives the same answer.
 *
 * Promises that all the starts together keep inside every cap, the memory and the budgets, that none of them waits for
 * anything, and that no two of them, nor one of them and a run, touch the same files.
 * @returns starts first, in the order in which to start them, then what waits, first to be started first.
 */
export function choose(snapshot: Snapshot): Decision[] {
  return new Schedule(snapshot).decisions()
}
