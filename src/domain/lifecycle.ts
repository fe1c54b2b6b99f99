/**
 * The life of one work item: every state, who acts in it, which states may follow, and the job that each one queues.
 *
 *   queued ─► planning ⇄ asking ─► plan-review ─► ready ─► running ─► checking ─► reviewing ─► approved ─► merging ─► done
 *
 * Inactive, from anywhere: paused · held (needs a person) · skipped · cancelled.
 * "Blocked" is not a state: an item is blocked when the graph says so (`scheduling/`), and stays `ready`.
 */

import type { ItemState } from '../lib/item-state.ts'
import type { Job } from './jobs.ts'

interface Stage {
  /** The folder that acts while an item is in this state, or the person. */
  actor: 'work-items' | 'planning' | 'scheduling' | 'runs' | 'gates' | 'pull-requests' | 'a person' | 'none'
  /** The states that may follow, besides the four inactive ones. */
  next: readonly ItemState[]
  /** The queue of the actor. Its job is queued with the transition. */
  queue?: 'triage' | 'schedule' | 'clean-up'
  /** The name of the state in the status comment. */
  label: string
}

/** All transitions of the lifecycle. No other transition is possible. */
export const lifecycle: Readonly<Record<ItemState, Stage>> = {
  queued: { actor: 'work-items', next: ['planning', 'plan-review', 'ready'], queue: 'triage', label: 'Queued' },
  planning: {
    actor: 'planning',
    next: ['asking', 'plan-review', 'ready', 'queued'],
    queue: 'schedule',
    label: 'Planning',
  },
  asking: { actor: 'a person', next: ['planning', 'ready', 'queued'], label: 'Waiting for an answer' },
  'plan-review': { actor: 'a person', next: ['ready', 'planning', 'queued'], label: 'Plan waits for approval' },
  ready: {
    actor: 'scheduling',
    next: ['running', 'plan-review', 'planning', 'queued'],
    queue: 'schedule',
    label: 'Ready to start',
  },
  running: { actor: 'runs', next: ['checking', 'asking', 'ready', 'planning'], label: 'An agent is working' },
  checking: { actor: 'gates', next: ['reviewing', 'ready', 'planning'], label: 'Checking the result' },
  reviewing: {
    actor: 'a person',
    next: ['approved', 'merging', 'checking', 'ready', 'done'],
    label: 'Waiting for review',
  },
  approved: { actor: 'pull-requests', next: ['merging', 'reviewing', 'ready', 'done'], label: 'Approved' },
  merging: { actor: 'pull-requests', next: ['done', 'reviewing', 'approved', 'ready'], label: 'Merging' },
  done: { actor: 'none', next: ['queued'], queue: 'clean-up', label: 'Done' },
  paused: {
    actor: 'a person',
    next: ['queued', 'ready', 'reviewing', 'planning', 'asking', 'plan-review'],
    label: 'Paused',
  },
  held: {
    actor: 'a person',
    next: ['queued', 'ready', 'reviewing', 'planning', 'asking', 'plan-review', 'done'],
    label: 'Held: needs a person',
  },
  skipped: { actor: 'a person', next: ['queued'], queue: 'clean-up', label: 'Skipped' },
  cancelled: { actor: 'none', next: ['queued'], queue: 'clean-up', label: 'Cancelled' },
}

/** The states in which nothing happens until a person acts. Any state may change to them. */
export const inactiveStates: readonly ItemState[] = ['paused', 'held', 'skipped', 'cancelled']

/** The states in which an item needs nothing more. */
export const terminalStates: readonly ItemState[] = ['done', 'skipped', 'cancelled']

/** The states in which an item counts against the limit of agents. */
export const activeStates: readonly ItemState[] = ['running', 'checking']

/** The states in which the pull request waits for people or for its merge, and its branch is as the gates have judged it. */
export const reviewStates: readonly ItemState[] = ['reviewing', 'approved', 'merging']

/** Whether nothing happens to an item in this state until a person acts. */
export function isInactive(state: ItemState): boolean {
  return inactiveStates.includes(state)
}

/** Whether an item needs nothing more. */
export function isTerminal(item: { state: ItemState }): boolean {
  return terminalStates.includes(item.state)
}

/**
 * Whether an item may go `from` → `to`. An inactive state is always allowed, except from `done`. So is `done`: a person
 * may merge Tutti's pull request at any moment.
 */
export function canTransition(from: ItemState, to: ItemState): boolean {
  if (from === to) return false
  if (to === 'done') return true
  if (isInactive(to)) return from !== 'done'
  return lifecycle[from].next.includes(to)
}

/** The job of the actor of `state`; undefined when no job acts on an item in that state. */
export function nextJob(state: ItemState, workItemId: number): Job | undefined {
  const { queue } = lifecycle[state]
  if (queue === 'schedule') return { queue }
  return queue && { queue, workItemId }
}
