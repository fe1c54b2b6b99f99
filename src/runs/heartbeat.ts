/** The heartbeat of a run: renews the lease, stores progress and usage, and notices a request to stop. */

import type { Store } from '../db/connect.ts'
import { addObservedPaths } from '../db/footprints.ts'
import { type Lease, LeaseLost, updateRun } from '../db/runs.ts'
import { type ReportedCost, type ReportedUsage, saveUsage } from '../db/usage.ts'
import type { HealthSample } from '../domain/agent-health.ts'
import { currentTime } from '../lib/clock.ts'
import { sinceBoot } from '../lib/since-boot.ts'
import type { PassedDay } from './day-limits.ts'

/** Why a run must stop. */
export type StopReason =
  | 'asked'
  | 'shutdown'
  | 'lease lost'
  /** Its sandbox has used up its share of the disk. */
  | 'over disk'
  /** The reported cost exceeds the limit of one run, both in millionths. */
  | { cost: ReportedCost; limit: number; of?: 'item' }
  /** Its tokens exceed the limit of one run. */
  | { tokens: number; limit: number }
  /** All runs together have passed the limit of a day. */
  | PassedDay

export interface Heartbeat {
  /** One line, stored with the next beat. */
  progress: string
  /** Files that the agent changes, stored with the next beat. */
  touched: Set<string>
  /** The use of the agent so far, stored with the next beat when it has changed. */
  used: ReportedUsage
  /** Whether its cost was computed from a price list. */
  priced?: boolean
  /** Called after a beat that has stored more use. */
  onUsed?: () => Promise<void>
  /** The last sample of the agent's processes, and the most memory so far in bytes; stored with the next beat. */
  health?: HealthSample
  peakMemory?: number
  /** Whether the lease cannot have been given to another process yet, as far as can be said without asking. */
  held(): boolean
  stop(): void
}

/** No use was reported yet. */
const nothing: ReportedUsage = {}

/**
 * Beats every `everyMs` until stopped. A short outage of the database does not end the run: the lease is lost when another
 * process has taken it, or when no beat succeeded for `timeoutMs` (another process may take it then). A process that was
 * frozen notices it here first: before any statement is sent, the agent is asked to end.
 * @param options.now milliseconds of a clock that is never set and never stands still; that of the machine by default.
 */
export function startHeartbeat(
  store: Store,
  lease: Lease,
  options: { everyMs: number; timeoutMs: number; onStop: (reason: StopReason) => void; now?: () => number },
): Heartbeat {
  const { now = sinceBoot, timeoutMs, onStop } = options
  let lastBeat = now()
  const held = () => now() - lastBeat <= timeoutMs
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const heartbeat: Heartbeat = {
    progress: '',
    touched: new Set(),
    used: nothing,
    held,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
  let saved = nothing
  const save = async () => {
    const { used, progress, health, peakMemory } = heartbeat
    const set = {
      ...(progress ? { progress } : {}),
      ...(health ? { health } : {}),
      ...(peakMemory ? { peakMemory } : {}),
    }
    if (used === saved) return updateRun(store.db, lease, set)
    const run = await store.transaction(async (tx) => {
      const held = await updateRun(tx.db, lease, set)
      await saveUsage(tx.db, held, { ...used, priced: heartbeat.priced }, currentTime())
      return held
    })
    saved = used
    await heartbeat.onUsed?.()
    return run
  }
  const beat = async () => {
    if (!held()) onStop('lease lost')
    const at = now()
    try {
      const run = await save()
      lastBeat = at
      const touched = [...heartbeat.touched]
      heartbeat.touched.clear()
      await addObservedPaths(store.db, run.workItemId, touched)
      if (run.stop && !(run.stopGracefully && heartbeat.health?.inTool)) onStop('asked')
    } catch (error) {
      if (error instanceof LeaseLost || !held()) onStop('lease lost')
    }
    if (!stopped) timer = setTimeout(beat, options.everyMs)
  }
  timer = setTimeout(beat, options.everyMs)
  return heartbeat
}
