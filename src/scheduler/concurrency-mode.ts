/** How many items are worked on side by side, and by what. */
import type { Decision } from './decision.ts'
import type { ConcurrencyMode } from './types.ts'

/**
 * From this many agents at work on, each that begins is supervised in a thread of its own: supervising them would slow
 * down the thread that takes webhooks.
 */
export const threadsFrom = 5

/**
 * The concurrency mode that fits what `choose` decided: `sequential` when file overlap or dependencies leave one item at a
 * time, `parallel-async` for 2 to 4, `parallel-threads` for 5 and more. A mode that the settings ask for limits the starts
 * before this is asked, see `System.mode`.
 * @param atWork items of the repository that an agent is working on already.
 * @param repository of the decisions to look at; all when absent.
 */
export function concurrencyMode(decisions: readonly Decision[], atWork: number, repository?: string): ConcurrencyMode {
  const starts = decisions.filter(
    ({ action, item }) => action === 'start' && (repository === undefined || item.repository === repository),
  )
  const together = atWork + starts.length
  if (together >= threadsFrom) return 'parallel-threads'
  return together > 1 ? 'parallel-async' : 'sequential'
}
