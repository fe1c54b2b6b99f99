/**
 * Chooses where an agent is supervised: in the calling thread, or in one of its own, so that agents with much output do
 * not slow the thread that receives webhooks and schedules.
 *
 * Each agent has one thread, which ends with it. Measured: 27 MB and 0.4 s of processor time for each, beside the 1 GB
 * that admission reserves for an agent. A pool would need less, but a broken thread would end the work of every agent in
 * it.
 */

import { Worker } from 'node:worker_threads'
import { OperatorError } from '../../lib/errors.ts'
import type { ProcessIdentity } from '../../lib/process-table.ts'
import { supervisorOverdue, supervisorSilent } from '../../messages/agents.ts'
import type { AgentListener, AgentOutcome, AgentTask, AgentUpdate, AgentUsage, RunAgentOptions } from './agent-run.ts'
import { preflightAgent } from './preflight.ts'
import { graceMs, killRun, runAgent } from './run-agent.ts'
import { openRunLog } from './run-log.ts'

/** A message of a supervisor's thread. `ended` or `refused` is its last one. */
export type SupervisorMessage =
  | { kind: 'started'; root: ProcessIdentity }
  | { kind: 'update'; update: AgentUpdate }
  | { kind: 'usage'; usage: AgentUsage }
  | { kind: 'all-exited' }
  | { kind: 'ended'; outcome: AgentOutcome }
  /** An `OperatorError` of `runAgent`. */
  | { kind: 'refused'; message: string; hint: string | undefined }

export interface SuperviseOptions extends RunAgentOptions {
  /** In a thread of its own, not in this one. */
  inThread?: boolean
  /** Called when the thread is started. */
  onThread?: (threadId: number) => void
  /** Megabytes of objects that the thread may hold before it is ended; 1024 unless given. */
  threadMemoryMb?: number
}

/**
 * Memory that grows slowly up to this limit ends the thread alone. Reached within one large step (a long string,
 * `JSON.parse`), it would end the whole process, like V8's own limit. So it is well above the size of the largest frame:
 * measured, 8 MB of JSON are 184 MB of objects, and 422 MB with a copy.
 */
const defaultMemoryMb = 1024
/** A thread that has not ended so long after its agent should have ended is stuck. */
const overdueMs = 30_000

/**
 * Runs an agent until it has answered, failed, reached a limit or was stopped. No process of it is left when the promise
 * resolves: nothing writes to the worktree any more. When a thread ends before its agent, the agent is ended as well, and
 * the outcome is `supervisor-lost`.
 * @throws {OperatorError} when the machine cannot run it: there is no workspace, no memory, or no free process.
 */
export async function supervise(options: SuperviseOptions): Promise<AgentOutcome> {
  const task = preflightAgent(options)
  if (!('launch' in task)) return task
  const listener = listenerOf(options)
  return options.inThread ? await inThread(task, listener, options) : await runAgent(task, listener)
}

/** Passes the events of a run on to the reaper and to the callbacks of the options. */
function listenerOf({ reaper, runId, signal, onStarted, onUpdate, onUsage }: RunAgentOptions): AgentListener {
  return {
    signal,
    started(root) {
      reaper.watch(runId, root)
      onStarted?.(root)
    },
    updated: (update) => onUpdate?.(update),
    used: (usage) => onUsage?.(usage),
    allExited: () => reaper.forget(runId),
  }
}

async function inThread(task: AgentTask, listener: AgentListener, options: SuperviseOptions): Promise<AgentOutcome> {
  const { signal } = options
  const end = Promise.withResolvers<AgentOutcome | 'lost'>()
  let root: ProcessIdentity | undefined
  let fault: string = supervisorSilent
  let overdue = false
  const broken: string[] = []

  const worker = new Worker(new URL('./supervisor-main.ts', import.meta.url), {
    name: `supervisor of run ${task.runId}`,
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: options.threadMemoryMb ?? defaultMemoryMb, maxYoungGenerationSizeMb: 16 },
  })
  worker.on('message', (message: SupervisorMessage) => {
    if (message.kind === 'ended') end.resolve(message.outcome)
    else if (message.kind === 'refused') end.reject(new OperatorError(message.message, message.hint))
    else {
      if (message.kind === 'started') root = message.root
      try {
        emit(message, listener)
      } catch (error) {
        if (broken.length < 10) broken.push(`a watcher failed: ${String(error)}`)
      }
    }
  })
  worker.on('error', (error) => {
    fault = error instanceof Error ? error.message : String(error)
  })
  // Comes after all of its messages.
  worker.once('exit', () => end.resolve('lost'))

  const endAfter = (ms: number) =>
    setTimeout(
      () => {
        fault = supervisorOverdue
        overdue = true
        void worker.terminate()
        // Its JavaScript has ended now. A thread that waits for a disk may never exit.
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

function emit(message: Exclude<SupervisorMessage, { kind: 'ended' | 'refused' }>, listener: AgentListener): void {
  if (message.kind === 'started') listener.started(message.root)
  else if (message.kind === 'update') listener.updated(message.update)
  else if (message.kind === 'usage') listener.used(message.usage)
  else listener.allExited()
}

/**
 * Ends everything that the agent of a lost thread has started. Its first process stays a zombie until Tutti ends: only the
 * thread that started it could have reaped it.
 */
async function endLost(
  task: AgentTask,
  root: ProcessIdentity | undefined,
  fault: string,
  listener: AgentListener,
): Promise<AgentOutcome> {
  const { survivors } = await killRun(task, root)
  if (survivors.length === 0) listener.allExited()
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
