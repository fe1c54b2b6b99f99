/**
 * The states of a work item, see `domain/lifecycle.ts`. They stand here since the scheduler knows nothing but `lib/`. Only `ready` may start; `done`, `skipped` and `cancelled` are over; everything else is
 * unfinished and somebody else's to move (a planner, a reviewer, the person who paused it).
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
