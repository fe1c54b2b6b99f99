/** Timed lines about the work of a roadmap: `[5 min] Atlas started #12`. */

import type { ItemState } from '../lib/item-state.ts'

/** A line with the minutes since the first agent of the roadmap started. */
export function timedLine(minutes: number, text: string): string {
  return `[${minutes} min] ${text}`
}

/** An agent has started an item. @param item `#12`, or `owner/name#12` for one of another repository. */
export const agentStarted = (name: string, item: string) => `${name} started ${item}`
/** An item is done. */
export const itemCompleted = (item: string) => `${item} was completed`

/**
 * What a roadmap says about a step of one of its parts; undefined for a step of little interest.
 * @param name of the agent that was last at work on it. @param item as in `agentStarted`.
 */
export function stepOfPart({ from, to }: { from: ItemState; to: ItemState }, name: string, item: string) {
  switch (to) {
    case 'running':
      return agentStarted(name, item)
    case 'reviewing':
      return from === 'checking' ? `${name} finished ${item}: all gates passed, it waits for review` : undefined
    case 'ready':
      return from === 'running' || from === 'checking' ? `the attempt of ${name} on ${item} failed` : undefined
    case 'asking':
      return `${name} asks about ${item}`
    case 'held':
      return `${item} needs a person`
    case 'done':
      return itemCompleted(item)
    case 'skipped':
    case 'cancelled':
      return `${item} was ${to}`
    default:
      return undefined
  }
}
