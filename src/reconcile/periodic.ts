/** Periodic work: the heartbeat of this process, and the search for missed events. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { newestDelivery } from '../db/deliveries.ts'
import { reapProcesses, recordHeartbeat, requeueJobs } from '../db/processes.ts'
import { hasUnfinishedItems } from '../db/work-items.ts'
import type { GitHub } from '../github/github.ts'
import { takeOverRuns } from '../runs/runner.ts'
import { Gardener } from '../work-items/garden.ts'
import { reconcile } from './reconcile.ts'
import { redeliverMissed } from './redeliver.ts'

type Stop = () => Promise<void>

/** Beats every few seconds, and takes over the runs of dead processes. The first time now. */
export async function startProcessHeartbeat(services: {
  store: Store
  env: Env
  log: Logger
  instance: string
}): Promise<Stop> {
  const { store, env, log, instance } = services
  const once = async () => {
    await recordHeartbeat(store.db, instance)
    const timeoutMs = env.HEARTBEAT_TIMEOUT_SECONDS * 1_000
    const { dead, lost } = await reapProcesses(store, instance, timeoutMs)
    if (dead > 0) await requeueJobs(store, instance, timeoutMs)
    if (lost.length === 0) return
    log.warn({ runs: lost }, 'runs of a process that is gone are taken over')
    await takeOverRuns({ store }, lost)
  }
  await once()
  return repeat(once, () => env.HEARTBEAT_SECONDS * 1_000, log)
}

/**
 * Searches for deliveries that never arrived and for drift: now, then every SWEEP_MINUTES while work is open or deliveries
 * come in, and every IDLE_SWEEP_MINUTES otherwise, so that an idle Tutti makes few calls.
 */
export function startReconciling(services: { store: Store; github: GitHub; env: Env; log: Logger }): Stop {
  const { store, env, log } = services
  const gardener = new Gardener(services)
  let lastAt = 0
  const once = async () => {
    const sinceLastMs = Date.now() - lastAt
    const newest = await newestDelivery(store.db)
    const busy = (await hasUnfinishedItems(store.db)) || (newest !== undefined && newest.getTime() > lastAt)
    if (sinceLastMs < (busy ? env.SWEEP_MINUTES : env.IDLE_SWEEP_MINUTES) * 60_000) return
    lastAt = Date.now()
    await redeliverMissed(services)
    await reconcile(services)
    await gardener.round()
  }
  void once().catch((error) => log.warn({ err: error }, 'the first sweep failed; the next one comes'))
  return repeat(once, () => Math.min(60_000, env.SWEEP_MINUTES * 60_000), log)
}

/** Calls `work` again `delay` after it ended. An error is logged; the next call comes as usual. */
function repeat(work: () => Promise<void>, delay: () => number, log: Logger): Stop {
  let timer: NodeJS.Timeout
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  const next = () => {
    timer = setTimeout(() => {
      running = work()
        .catch((error) => log.warn({ err: error }, 'a timed task failed; it comes again'))
        .finally(() => {
          if (!stopped) next()
        })
    }, delay())
  }
  next()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
