/**
 * The journey of one work item: every state, who acts in it, where it may go next, and the job that wakes whoever acts.
 *
 *   queued ─► planning ⇄ asking ─► proposed ─► ready ─► running ─► checking ─► reviewing ─► approved ─► merging ─► done
 *
 * Aside, from anywhere: paused · held (needs a person) · skipped · cancelled.
 * "Blocked" is not a state: an item is blocked when the graph says so (backlog/), and stays `ready`.
 */

/** The queues. A job only says "look at row N"; everything else is read from the row. */
export type Job =
  | { queue: 'deliver-event'; deliveryIds: string[] }
  | { queue: 'enlist'; workItemId: number }
  /** `asked`: a person waits for a word about it. */
  | { queue: 'roadmap'; workItemId: number; from: 'issue' | 'file'; asked?: boolean }
  | { queue: 'created'; effectId: number }
  | { queue: 'schedule' }
  /** Asked for on an issue; `key` tells one request from the next. */
  | { queue: 'garden'; systemId: number; workItemId?: number; issueNumber: number; key: string }
  | { queue: 'run'; runId: number }
  | { queue: 'check'; runId: number }
  | { queue: 'settle'; runId: number; resetAt?: string }
  | { queue: 'planned'; runId: number }
  | { queue: 'propose'; workItemId: number }
  | { queue: 'published'; effectId: number }
  | { queue: 'merge'; pullRequestId: number }
  | { queue: 'tidy'; workItemId: number }
  | { queue: 'publish' }

export type QueueName = Job['queue']

interface Stage {
  /** The room that acts while an item is in this state, or the person. */
  actor: 'backlog' | 'planning' | 'runs' | 'gates' | 'delivery' | 'a person' | 'nobody'
  /** The states that may follow, besides the four aside. */
  next: readonly string[]
  /** The job that wakes the actor, queued with the transition. */
  wakes?: 'enlist' | 'schedule' | 'propose' | 'tidy'
  /** In the words of the status comment. */
  says: string
}

/** The one table of the journey. A transition that is not here does not happen. */
export const journey = {
  queued: { actor: 'backlog', next: ['planning', 'proposed', 'ready'], wakes: 'enlist', says: 'Queued' },
  planning: { actor: 'planning', next: ['asking', 'proposed', 'ready', 'queued'], wakes: 'schedule', says: 'Planning' },
  asking: { actor: 'a person', next: ['planning', 'queued'], says: 'Waiting for an answer' },
  proposed: { actor: 'a person', next: ['ready', 'planning', 'queued'], says: 'Plan waits for approval' },
  ready: {
    actor: 'backlog',
    next: ['running', 'proposed', 'planning', 'queued'],
    wakes: 'schedule',
    says: 'Ready to start',
  },
  running: { actor: 'runs', next: ['checking', 'ready', 'planning'], says: 'An agent is working' },
  checking: { actor: 'gates', next: ['reviewing', 'ready', 'planning'], says: 'Checking the result' },
  reviewing: {
    actor: 'a person',
    next: ['approved', 'merging', 'checking', 'ready', 'done'],
    says: 'Waiting for review',
  },
  approved: { actor: 'delivery', next: ['merging', 'reviewing', 'ready', 'done'], says: 'Approved' },
  merging: { actor: 'delivery', next: ['done', 'reviewing', 'ready'], says: 'Merging' },
  done: { actor: 'nobody', next: ['queued'], wakes: 'tidy', says: 'Done' },
  paused: {
    actor: 'a person',
    next: ['queued', 'ready', 'reviewing', 'planning', 'asking', 'proposed'],
    says: 'Paused',
  },
  held: { actor: 'a person', next: ['queued', 'ready', 'reviewing', 'planning', 'done'], says: 'Held: needs a person' },
  skipped: { actor: 'a person', next: ['queued'], wakes: 'tidy', says: 'Skipped' },
  cancelled: { actor: 'nobody', next: ['queued'], wakes: 'tidy', says: 'Cancelled' },
} as const satisfies Record<string, Stage>

export type ItemState = keyof typeof journey

/** The states that stand aside; any state may go there. */
export const aside = ['paused', 'held', 'skipped', 'cancelled'] as const satisfies readonly ItemState[]

/** Whether an item in this state stands aside. */
export function isAside(state: ItemState): boolean {
  return (aside as readonly ItemState[]).includes(state)
}

/** The states in which an item wants nothing any more. */
export const finished: readonly ItemState[] = ['done', 'skipped', 'cancelled']

/** Whether an item wants nothing any more. */
export function isFinished(item: { state: ItemState }): boolean {
  return finished.includes(item.state)
}

/** The states in which an item holds a place among the agents. */
export const working: readonly ItemState[] = ['running', 'checking']

/**
 * Whether the journey allows `from` → `to`. Standing aside is always allowed, except from `done`. So is `done`: a person
 * may merge our pull request at any moment, whatever we were about to do.
 */
export function mayGo(from: ItemState, to: ItemState): boolean {
  if (from === to) return false
  if (to === 'done') return true
  if (isAside(to)) return from !== 'done'
  return (journey[from].next as readonly ItemState[]).includes(to)
}

/** The job that wakes whoever acts on an item that has arrived in `state`. */
export function wakes(state: ItemState, workItemId: number): Job | undefined {
  const stage: Stage = journey[state]
  if (stage.wakes === 'schedule') return { queue: 'schedule' }
  return stage.wakes && { queue: stage.wakes, workItemId }
}
