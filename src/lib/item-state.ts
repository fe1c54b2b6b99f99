/**
 * The states of a work item, see `domain/lifecycle.ts`. They are in this folder because the scheduler imports only
 * `lib/`. It starts items in `ready` only. `done`, `skipped` and `cancelled` are finished. In all other states another
 * actor moves the item on: an agent, a reviewer, the person who paused it.
 */
export type ItemState =
  | 'queued'
  | 'planning'
  | 'asking'
  | 'plan-review'
  | 'ready'
  | 'running'
  | 'checking'
  | 'reviewing'
  | 'approved'
  | 'merging'
  | 'paused'
  | 'held'
  | 'done'
  | 'skipped'
  | 'cancelled'
