/** The heartbeat of a run: renews the lease, stores progress and usage, and notices a request to stop. */

import type { Store } from '../db/connect.ts'
import { addObservedPaths } from '../db/footprints.ts'
import { type Lease, LeaseLost, updateRun } from '../db/runs.ts'
import { type ReportedCost, type ReportedUsage, saveUsage } from '../db/usage.ts'

/** Why a run must stop. */
export type StopReason =
  | 'asked'
  | 'shutdown'
  | 'lease lost'
  /** The reported cost exceeds the limit of one run, both in millionths. */
  | { cost: ReportedCost; limit: number }

export interface Heartbeat {
  /** One line, stored with the next beat. */
  progress: string
  /** Files that the agent changes, stored with the next beat. */
  touched: Set<string>
  /** The use of the agent so far, stored with the next beat when it has changed. */
  used: ReportedUsage
  stop(): void
}

/** No use was reported yet. */
const nothing: ReportedUsage = {}

/**
 * Beats every `everyMs` until stopped. A short outage of the database does not end the run: the lease is lost when another
 * process has taken it, or when no beat succeeded for `timeoutMs` (another process may take it then).
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
  let saved = nothing
  const save = async () => {
    const { used, progress } = heartbeat
    const set = progress ? { progress } : {}
    if (used === saved) return updateRun(store.db, lease, set)
    const run = await store.transaction(async (tx) => {
      const held = await updateRun(tx.db, lease, set)
      await saveUsage(tx.db, held, used, new Date())
      return held
    })
    saved = used
    return run
  }
  const beat = async () => {
    try {
      const run = await save()
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
