/** How many agents work at once, and whether they are supervised in threads beside the main one. */
import type { Decision } from './decision.ts'
import type { ConcurrencyMode } from './types.ts'

/**
 * From this many running agents on, each new one is supervised in another thread: supervising it would slow down the
 * thread that receives webhooks.
 */
export const threadsFrom = 5

/**
 * The concurrency mode of the decisions of `choose`: `sequential` when conflicts or dependencies leave one item at a
 * time, `parallel-async` for 2 to 4, `parallel-threads` for 5 and more. A mode in the settings limits the starts before
 * that, see `RepositoryState.mode`.
 * @param running agents of the repository.
 * @param repository only its decisions count; those of all repositories when absent.
 */
export function concurrencyMode(decisions: readonly Decision[], running: number, repository?: string): ConcurrencyMode {
  const starts = decisions.filter(
    ({ action, item }) => action === 'start' && (repository === undefined || item.repository === repository),
  )
  const together = running + starts.length
  if (together >= threadsFrom) return 'parallel-threads'
  return together > 1 ? 'parallel-async' : 'sequential'
}
