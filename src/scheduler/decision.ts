/** The decisions of the scheduler: plain data. It is stored, and `messages/decisions.ts` turns it into sentences. */

import type { ItemState } from '../lib/item-state.ts'
import type { Leverage } from './leverage.ts'
import type { Edge, EdgeSource, ItemId } from './types.ts'

/** The fields that identify an item to people. */
export type ItemRef = { id: ItemId; repository: string; number: number }

/** A pair of overlapping patterns, one of each item. */
export type Overlap = { mine: string; theirs: string }

export type Reason =
  /** Why it starts. */
  | { kind: 'chosen'; by: 'review' | 'plan' | 'leverage' | 'fairness' }
  /** The item is in a state that the scheduler does not start. */
  | { kind: 'state'; state: ItemState }
  | { kind: 'blocked'; by: ItemRef; state: ItemState; sources: EdgeSource[] }
  | { kind: 'blocked-outside'; reference: string; state: 'open' | 'unknown' | 'closed'; sources: EdgeSource[] }
  /** The edges in order: the blocker of each is the item of the next one, and of the last edge that of the first. */
  | { kind: 'cycle'; edges: Edge[]; items: ItemRef[] }
  | { kind: 'conflict'; with: ItemRef; stage: 'starting' | 'running' | 'review'; overlaps: Overlap[] }
  | { kind: 'unknown-footprint'; with: ItemRef | undefined }
  | { kind: 'paused'; repository: string; because: string | undefined }
  | {
      kind: 'cap'
      scope: 'total' | 'repository' | 'agent-kind' | 'singleton' | 'sequential' | 'parallel-async'
      name: string
      limit: number
    }
  | { kind: 'memory'; needed: number; available: number }
  /** Money in millionths, or tokens. `limit`: of the whole day, or of all runs of the item. */
  | {
      kind: 'budget'
      scope: 'total' | 'repository' | 'item'
      unit?: 'tokens'
      needed: number
      left: number
      limit?: number
      currency?: string
    }
  /** These items start in its place: each has a higher leverage or is earlier in the plan. */
  | { kind: 'outranked'; by: ItemRef[]; leverage: number[] }
  /** An item of another repository starts in its place: that repository had fewer agents or hours. */
  | { kind: 'turn'; repository: string }
  /** No reason to wait: its pull request was sent back, so that it goes before new work once the others are over. */
  | { kind: 'sent-back' }
  /** The plan reserves the paths or the agent for these items. They come first and could not start if this one did. */
  | { kind: 'reserved'; for: ItemRef[]; hours: number }

export type Decision = {
  item: ItemRef
  action: 'start' | 'wait'
  reasons: Reason[]
  leverage: Leverage
}
