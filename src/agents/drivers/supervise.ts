/**
 * Chooses where an agent is supervised: in the calling thread, or in one of its own, so that agents with much output do
 * not slow the thread that receives webhooks and schedules.
 *
 * A thread costs 27 MB and 0.4 s of processor time (measured), so that many agents share a few; see supervisor-thread.ts.
 */

import { OperatorError } from '../../lib/errors.ts'
import type { ProcessIdentity } from '../../lib/process-table.ts'
import { supervisorOverdue, supervisorSilent } from '../../messages/agents.ts'
import type { AgentListener, AgentOutcome, AgentTask, RunAgentOptions } from './agent-run.ts'
import { preflightAgent } from './preflight.ts'
import { graceMs, killRun, runAgent } from './run-agent.ts'
import { openRunLog } from './run-log.ts'
import type { SupervisorMessage } from './supervisor-messages.ts'
import { takeSeat } from './supervisor-thread.ts'

export interface SuperviseOptions extends RunAgentOptions {
  /** In a supervisor's thread, not in this one. */
  inThread?: boolean
  /** Called with the thread in which it is supervised. */
  onThread?: (threadId: number) => void
  /** Megabytes of objects that the thread may hold before it is ended. With it, the thread is not shared. */
  threadMemoryMb?: number
}

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
  const end = Promise.withResolvers<AgentOutcome | { lost: string }>()
  let root: ProcessIdentity | undefined
  let overdue = false
  const failures: string[] = []

  function received(message: SupervisorMessage): void {
    if (message.kind === 'ended') end.resolve(message.outcome)
    else if (message.kind === 'refused') end.reject(new OperatorError(message.message, message.hint))
    else if (message.kind === 'broken') end.resolve({ lost: message.message })
    else report(message)
  }
  function report(message: AgentEvent): void {
    if (message.kind === 'started') root = message.root
    try {
      emit(message, listener)
    } catch (error) {
      if (failures.length < 10) failures.push(`a watcher failed: ${String(error)}`)
    }
  }
  const lost = (fault = supervisorSilent) => end.resolve({ lost: fault })
  const seat = takeSeat(task, { received, lost }, options.threadMemoryMb)

  const endAfter = (ms: number) =>
    setTimeout(
      () => {
        overdue = true
        seat.terminate()
        // Its JavaScript has ended now. A thread that waits for a disk may never exit.
        end.resolve({ lost: supervisorOverdue })
      },
      Math.min(ms + overdueMs, 2 ** 31 - 1),
    )
  const stop = () => {
    seat.stop()
    stopTimer = endAfter(graceMs(task))
  }
  let stopTimer: NodeJS.Timeout | undefined
  const totalTimer = endAfter(task.limits.totalMs + graceMs(task))
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  options.onThread?.(seat.threadId)
  try {
    const outcome = await end.promise
    return 'lost' in outcome ? await endLost(task, root, outcome.lost, listener) : outcome
  } finally {
    signal?.removeEventListener('abort', stop)
    for (const timer of [stopTimer, totalTimer]) clearTimeout(timer)
    if (!overdue) await seat.leave()
    await addToLog(task.logFile, failures)
  }
}

/** Everything before the last message. */
type AgentEvent = Exclude<SupervisorMessage, { kind: 'ended' | 'refused' | 'broken' }>

function emit(message: AgentEvent, listener: AgentListener): void {
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
