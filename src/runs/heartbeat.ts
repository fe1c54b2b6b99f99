/** The heartbeat of a run: keeps the lease, carries the progress, and hears when somebody asks it to stop. */

import type { Store } from '../db/connect.ts'
import { addObservedPaths } from '../db/footprints.ts'
import { type Lease, LeaseLost, updateRun } from '../db/runs.ts'
import { type ReportedCost, type ReportedUsage, saveUsage } from '../db/usage.ts'

/** Why a run was told to end. */
export type StopReason =
  | 'asked'
  | 'shutdown'
  | 'lease lost'
  /** It told a cost that is more than one run may have. */
  | { told: ReportedCost; limit: number }

export interface Heartbeat {
  /** One line, told with the next beat. */
  progress: string
  /** Files that were seen to change, told with the next beat. */
  touched: Set<string>
  /** What the agent has used so far; told with the next beat, where it is not the same as before. */
  used: ReportedUsage
  stop(): void
}

/** Nothing was told yet. */
const nothing: ReportedUsage = {}

/**
 * Beats every `everyMs` until stopped. A database that is away for a moment is not the end: the lease is lost only
 * when somebody else has taken it, or when no beat got through for `timeoutMs` (others may then take it).
 */
export function startHeartbeat(
  store: Store,
  lease: Lease,
  options: { everyMs: number; timeoutMs: number; onStop: (reason: StopReason) => void },
): Heartbeat {
  let lastBeat = Date.now()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const heartbeat: Heartbeat = {
    progress: '',
    touched: new Set(),
    used: nothing,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
  let kept = nothing
  const tell = async () => {
    const { used, progress } = heartbeat
    const set = progress ? { progress } : {}
    if (used === kept) return updateRun(store.db, lease, set)
    const run = await store.transaction(async (tx) => {
      const held = await updateRun(tx.db, lease, set)
      await saveUsage(tx.db, held, used, new Date())
      return held
    })
    kept = used
    return run
  }
  const beat = async () => {
    try {
      const run = await tell()
      lastBeat = Date.now()
      const touched = [...heartbeat.touched]
      heartbeat.touched.clear()
      await addObservedPaths(store.db, run.workItemId, touched)
      if (run.stop) options.onStop('asked')
    } catch (error) {
      if (error instanceof LeaseLost || Date.now() - lastBeat > options.timeoutMs) options.onStop('lease lost')
    }
    if (!stopped) timer = setTimeout(beat, options.everyMs)
  }
  timer = setTimeout(beat, options.everyMs)
  return heartbeat
}
