/** The heartbeat of a run: keeps the lease, carries the progress, and hears when somebody asks it to stop. */

import { observe } from './footprints.ts'
import type { Store } from './open.ts'
import { type Lease, LeaseLost, updateRun } from './runs.ts'

/** Why a run was told to end. */
export type StopReason = 'asked' | 'shutdown' | 'lease lost'

export interface Pulse {
  /** One line, told with the next beat. */
  progress: string
  /** Files that were seen to change, told with the next beat. */
  touched: Set<string>
  stop(): void
}

/**
 * Beats every `everyMs` until stopped. A database that is away for a moment is not the end: the lease is lost only
 * when somebody else has taken it, or when no beat got through for `timeoutMs` (others may then take it).
 */
export function startPulse(
  store: Store,
  lease: Lease,
  options: { everyMs: number; timeoutMs: number; onStop: (reason: StopReason) => void },
): Pulse {
  let lastBeat = Date.now()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const pulse: Pulse = {
    progress: '',
    touched: new Set(),
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
  const beat = async () => {
    try {
      const run = await updateRun(store.db, lease, pulse.progress ? { progress: pulse.progress } : {})
      lastBeat = Date.now()
      const touched = [...pulse.touched]
      pulse.touched.clear()
      await observe(store.db, run.workItemId, touched)
      if (run.stop) options.onStop('asked')
    } catch (error) {
      if (error instanceof LeaseLost || Date.now() - lastBeat > options.timeoutMs) options.onStop('lease lost')
    }
    if (!stopped) timer = setTimeout(beat, options.everyMs)
  }
  timer = setTimeout(beat, options.everyMs)
  return pulse
}
