/** Periodic work: the heartbeat of this process, and the search for missed events. */

import type { Logger } from 'pino'
import type { Channels } from '../channels/open-channels.ts'
import type { Env } from '../config/env.ts'
import { databaseLost } from '../db/away.ts'
import type { Store } from '../db/connect.ts'
import { reapProcesses, recordHeartbeat } from '../db/processes.ts'
import { type ProcessPart, servesPeople } from '../domain/process-role.ts'
import type { GitHub } from '../github/github.ts'
import type { Closers } from '../lib/closers.ts'
import type { OperatorError } from '../lib/errors.ts'
import { removeFinishedTrees } from '../pull-requests/clean-up.ts'
import { takeOverRuns } from '../runs/take-over.ts'
import type { HandleComment } from './comments.ts'
import { rescue } from './rescue.ts'
import { createSweep } from './sweep.ts'
import { type TidyContext, tidy } from './tidy.ts'
import { ItemTracer } from './trace-items.ts'
import { startWatchdog } from './watchdog.ts'

type Stop = () => Promise<void>

interface TimedServices {
  store: Store
  github: GitHub
  env: Env
  log: Logger
  /** The id of this process; see `registerProcess`. */
  instance: string
  control: TidyContext['control']
  clones: TidyContext['clones']
  channels: Pick<Channels, 'traces'>
  part: ProcessPart
  place: string
  several: () => Promise<boolean>
  handleComment: HandleComment
}

/** How soon after its end the trace of an item is sent, in milliseconds. */
const traceMs = 5_000
/** How often worktrees of finished items are looked for, in milliseconds. */
const finishedTreesMs = 60_000

/**
 * Starts everything that happens by the clock, as far as it belongs to the role of this process.
 * @param closers gets what ends each.
 * @returns `lost` settles when no heartbeat was stored for DATABASE_TIMEOUT_SECONDS; `silentSeconds` says for how long.
 */
export async function startTimers(
  services: TimedServices,
  closers: Closers,
): Promise<{ lost: Promise<OperatorError>; silentSeconds: () => number }> {
  const { DATABASE_TIMEOUT_SECONDS: timeout } = services.env
  const lost = Promise.withResolvers<OperatorError>()
  const onLost = () => lost.resolve(databaseLost(timeout))
  const { beat, silentSeconds, stop } = startWatchdog({ timeoutMs: timeout * 1_000, onLost })
  closers.push(async () => stop())
  closers.push(await startProcessHeartbeat(services, beat))
  closers.push(await startTakingOver(services))
  closers.push(startRescuing(services), startTidying(services))
  if (servesPeople(services.part.role))
    closers.push(startReconciling(services), startPruning(services), startTracing(services))
  // After a restart nothing else might ask.
  for (const queue of ['schedule', 'publish-effects'] as const) await services.store.queues.send({ queue })
  return { lost: lost.promise, silentSeconds }
}

/** Beats every few seconds. The first time now. @param onBeat called after each beat. */
async function startProcessHeartbeat(
  { store, env, log, instance, part, place }: TimedServices,
  onBeat: () => void,
): Promise<Stop> {
  const once = async () => {
    await recordHeartbeat(store.db, instance, { ...part, place })
    onBeat()
  }
  await once()
  return repeat(once, () => env.HEARTBEAT_SECONDS * 1_000, log)
}

/** Takes over the runs and jobs of dead processes, every few seconds. The first time now. */
async function startTakingOver(services: Pick<TimedServices, 'store' | 'env' | 'log' | 'instance'>): Promise<Stop> {
  const { store, env, log, instance } = services
  const timeoutMs = env.HEARTBEAT_TIMEOUT_SECONDS * 1_000
  const once = async () => {
    const { lost } = await reapProcesses(store, instance, timeoutMs, takeOverRuns)
    if (lost.length > 0) log.warn({ runs: lost }, 'runs of a process that is gone are taken over')
    // Not those that are silent for a moment: our own workers may have taken them just now.
    await store.queues.requeue(store.db, 'silent')
  }
  await once()
  return repeat(once, () => env.HEARTBEAT_SECONDS * 1_000, log)
}

/** Looks now and then for what should be moving and has no owner; see `rescue`. */
function startRescuing(services: Pick<TimedServices, 'store' | 'env' | 'log'>): Stop {
  const seconds = services.env.HEARTBEAT_TIMEOUT_SECONDS
  return repeat(
    async () => void (await rescue(services, seconds)),
    () => seconds * 1_000,
    services.log,
  )
}

/** Sends the journeys of finished items, where a collector is named. */
function startTracing(services: TimedServices): Stop {
  const { traces } = services.channels
  const tracer = traces && new ItemTracer(services, traces)
  if (!tracer) return async () => {}
  return repeat(
    async () => void (await tracer.round()),
    () => traceMs,
    services.log,
  )
}

/** Removes what is no longer needed: now, then every TIDY_MINUTES. */
function startTidying(services: TimedServices): Stop {
  const once = async () => void (await tidy(services))
  void once().catch((err) => services.log.warn({ err }, 'the data directory could not be tidied; it is tried again'))
  const stop = repeat(once, () => services.env.TIDY_MINUTES * 60_000, services.log)
  // The job that cleans up after an item may have run on another disk.
  const trees = async () => void ((await services.several()) && (await removeFinishedTrees(services)))
  const stopTrees = repeat(trees, () => finishedTreesMs, services.log)
  return async () => void (await Promise.all([stop(), stopTrees()]))
}

/** Has rows that have served their time deleted: a minute after the start, then every hour. */
function startPruning({ store, log }: Pick<TimedServices, 'store' | 'log'>): Stop {
  let delay = 60_000
  const once = async () => {
    delay = 3_600_000
    await store.queues.send({ queue: 'prune' })
  }
  return repeat(once, () => delay, log)
}

/** Searches for deliveries that never arrived and for drift, now and then by the clock; see `createSweep`. */
function startReconciling(services: TimedServices): Stop {
  const { env, log } = services
  const round = createSweep(services)
  void round().catch((error) => log.warn({ err: error }, 'the first sweep failed; the next one comes'))
  return repeat(round, () => Math.min(60_000, env.SWEEP_MINUTES * 60_000), log)
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
