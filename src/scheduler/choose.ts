/** The scheduler as one pure function: which items start now, and why the others wait. */
import type { Decision } from './decision.ts'
import { Schedule } from './schedule.ts'
import type { Snapshot } from './types.ts'

/**
 * Decides about every unfinished item that has no run. Pure: the same snapshot always gives the same decisions.
 *
 * All starts together respect every cap, the memory and the budgets. No started item has an open blocker. No two
 * started items, and no started item and run, touch the same files.
 * @returns the starts in their order, then the waiting items in the order in which they would start.
 */
export function choose(snapshot: Snapshot): Decision[] {
  return new Schedule(snapshot).decisions()
}
