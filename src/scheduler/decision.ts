/** What the scheduler answers: plain data, stored with the decision and put into words by `explain.ts`. */

import type { ItemState } from '../lib/item-state.ts'
import type { Leverage } from './leverage.ts'
import type { Edge, EdgeSource, ItemId } from './types.ts'

/** Enough to name an item to people. */
export type ItemRef = { id: ItemId; repository: string; number: number }

/** A pair of patterns, one of each side, that meet. */
export type Overlap = { mine: string; theirs: string }

export type Reason =
  /** Why it starts. */
  | { kind: 'chosen'; by: 'plan' | 'leverage' | 'fairness' }
  /** Not the scheduler's to start: the item's own state says so. */
  | { kind: 'state'; state: ItemState }
  | { kind: 'blocked'; by: ItemRef; state: ItemState; sources: EdgeSource[] }
  | { kind: 'blocked-outside'; reference: string; state: 'open' | 'unknown' | 'closed'; sources: EdgeSource[] }
  /** The edges in order, each one's blocker being the next one's item; the last leads back to the first. */
  | { kind: 'cycle'; edges: Edge[]; items: ItemRef[] }
  | { kind: 'conflict'; with: ItemRef; stage: 'starting' | 'running' | 'review'; overlaps: Overlap[] }
  | { kind: 'unknown-footprint'; with: ItemRef | undefined }
  | { kind: 'paused'; repository: string; because: string | undefined }
  | {
      kind: 'cap'
      scope: 'total' | 'repository' | 'agent-kind' | 'sequential' | 'parallel-async'
      name: string
      limit: number
    }
  | { kind: 'memory'; needed: number; available: number }
  /** Money, in millionths. `limit`: of the whole day. */
  | { kind: 'budget'; scope: 'total' | 'repository'; needed: number; left: number; limit?: number; currency?: string }
  /** These took the places, and each has a higher leverage or stands earlier in the plan. */
  | { kind: 'outranked'; by: ItemRef[]; leverage: number[] }
  /** Another repository had fewer agents or hours, so it was its turn. */
  | { kind: 'turn'; repository: string }
  /** The plan keeps the paths or the agent for these, which come first and could not start if this one did. */
  | { kind: 'reserved'; for: ItemRef[]; hours: number }

export type Decision = {
  item: ItemRef
  action: 'start' | 'wait'
  reasons: Reason[]
  leverage: Leverage
}
