/**
 * Chooses where an agent is supervised: in the thread that calls, or in one of its own, so that agents which talk much do
 * not slow the thread that takes webhooks and schedules.
 *
 * One thread for each agent, which ends with it. Measured: 27 MB and 0.4 s of processor time for each, beside the 1 GB
 * that admission sets aside for an agent. In a pool it would be less, but what breaks a thread would end the work of
 * every agent in it.
 */

import { Worker } from 'node:worker_threads'
import { OperatorError } from '../../lib/errors.ts'
import type { ProcessIdentity } from '../../lib/process-table.ts'
import type { AgentListener, AgentOutcome, AgentTask, AgentUpdate, AgentUsage, RunAgentOptions } from './agent-run.ts'
import { preflightAgent } from './preflight.ts'
import { graceMs, killRun, runAgent } from './run-agent.ts'
import { openRunLog } from './run-log.ts'

/** What the thread of a supervisor says. `ended` or `refused` is its last word. */
export type SupervisorMessage =
  | { kind: 'started'; root: ProcessIdentity }
  | { kind: 'update'; update: AgentUpdate }
  | { kind: 'usage'; usage: AgentUsage }
  | { kind: 'quiet' }
  | { kind: 'ended'; outcome: AgentOutcome }
  /** An `OperatorError` of `runAgent`. */
  | { kind: 'refused'; message: string; hint: string | undefined }

export interface SuperviseOptions extends RunAgentOptions {
  /** In a thread of its own, not in this one. */
  inThread?: boolean
  /** Told of the thread when it is started. */
  onThread?: (threadId: number) => void
  /** Megabytes of objects that the thread may hold before it is ended; 1024 unless given. */
  threadMemoryMb?: number
}

/**
 * Memory that grows bit by bit up to this ends the thread alone. Met within one large step (a long string, `JSON.parse`), it
 * would end the whole process, as V8's own limit would; so it stands well above what the largest frame can become:
 * measured, 8 MB of JSON are 184 MB of objects, and 422 MB with a copy.
 */
const defaultMemoryMb = 1024
/** A thread that does not come to an end this long after its agent should have ended does nothing any more. */
const overdueMs = 30_000

/**
 * Runs an agent until it has answered, failed, hit a limit or was stopped. No process of it is left when the promise
 * resolves; the worktree is quiet then. A thread that ends before its agent takes the agent along and is told as
 * `supervisor-lost`.
 * @throws {OperatorError} when the machine cannot run it: no workspace, no memory, no process to be had.
 */
export async function supervise(options: SuperviseOptions): Promise<AgentOutcome> {
  const task = preflightAgent(options)
  if (!('launch' in task)) return task
  const listener = listenerOf(options)
  return options.inThread ? await inThread(task, listener, options) : await runAgent(task, listener)
}

/** What a run tells, as the warden and the options want to hear it. */
function listenerOf({ reaper, runId, signal, onStarted, onUpdate, onUsage }: RunAgentOptions): AgentListener {
  return {
    signal,
    started(root) {
      reaper.watch(runId, root)
      onStarted?.(root)
    },
    updated: (update) => onUpdate?.(update),
    used: (usage) => onUsage?.(usage),
    quiet: () => reaper.forget(runId),
  }
}

async function inThread(task: AgentTask, listener: AgentListener, options: SuperviseOptions): Promise<AgentOutcome> {
  const { signal } = options
  const end = Promise.withResolvers<AgentOutcome | 'lost'>()
  let root: ProcessIdentity | undefined
  let fault = 'it ended without a word'
  let overdue = false
  const broken: string[] = []

  const worker = new Worker(new URL('./supervisor-main.ts', import.meta.url), {
    name: `supervisor of run ${task.runId}`,
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: options.threadMemoryMb ?? defaultMemoryMb, maxYoungGenerationSizeMb: 16 },
  })
  worker.on('message', (said: SupervisorMessage) => {
    if (said.kind === 'ended') end.resolve(said.outcome)
    else if (said.kind === 'refused') end.reject(new OperatorError(said.message, said.hint))
    else {
      if (said.kind === 'started') root = said.root
      try {
        tell(said, listener)
      } catch (error) {
        if (broken.length < 10) broken.push(`a watcher failed: ${String(error)}`)
      }
    }
  })
  worker.on('error', (error) => {
    fault = error instanceof Error ? error.message : String(error)
  })
  // After everything that it has said.
  worker.once('exit', () => end.resolve('lost'))

  const endAfter = (ms: number) =>
    setTimeout(
      () => {
        fault = 'it did not come to its end in time'
        overdue = true
        void worker.terminate()
        // Its JavaScript is at an end now; a thread that waits for a disk may take for ever to leave.
        end.resolve('lost')
      },
      Math.min(ms + overdueMs, 2 ** 31 - 1),
    )
  const stop = () => {
    worker.postMessage('stop')
    stopTimer = endAfter(graceMs(task))
  }
  let stopTimer: NodeJS.Timeout | undefined
  const totalTimer = endAfter(task.limits.totalMs + graceMs(task))
  signal?.addEventListener('abort', stop, { once: true })
  options.onThread?.(worker.threadId)
  try {
    const outcome = await end.promise
    return outcome === 'lost' ? await endLost(task, root, fault, listener) : outcome
  } finally {
    signal?.removeEventListener('abort', stop)
    for (const timer of [stopTimer, totalTimer]) clearTimeout(timer)
    if (!overdue) await worker.terminate()
    await addToLog(task.logFile, broken)
  }
}

function tell(said: Exclude<SupervisorMessage, { kind: 'ended' | 'refused' }>, listener: AgentListener): void {
  if (said.kind === 'started') listener.started(said.root)
  else if (said.kind === 'update') listener.updated(said.update)
  else if (said.kind === 'usage') listener.used(said.usage)
  else listener.quiet()
}

/**
 * Ends what the agent of a lost thread has started. Its first process stays in the system's table as ended until Tutti
 * ends: only the thread that started it could have taken note of its end.
 */
async function endLost(
  task: AgentTask,
  root: ProcessIdentity | undefined,
  fault: string,
  listener: AgentListener,
): Promise<AgentOutcome> {
  const { survivors } = await killRun(task, root)
  if (survivors.length === 0) listener.quiet()
  await addToLog(task.logFile, [`the thread that supervised the agent was lost: ${fault}`])
  return listener.signal?.aborted ? { kind: 'stopped' } : { kind: 'supervisor-lost', message: fault }
}

/** Lines of our own for a log that the thread has closed. */
async function addToLog(path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const log = openRunLog(path)
  for (const line of lines) log.note(line)
  await log.close()
}
