/**
 * Runs one agent, once: starts its program, runs the session, watches the limits, and ends every process that it has
 * started, whatever happens. Read this file first; supervise.ts chooses the thread.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { OperatorError } from '../../lib/errors.ts'
import { type ProcessIdentity, processTable } from '../../lib/process-table.ts'
import { redactor } from '../../lib/sanitise.ts'
import { within } from '../../lib/within.ts'
import { printsTooMuch } from '../../messages/agents.ts'
import { type KillResult, killTrees } from '../../sandbox/kill-tree.ts'
import { runMarker } from '../../sandbox/run-markers.ts'
import { treeUse } from '../../sandbox/tree-use.ts'
import { createAcpDriver } from './acp-driver.ts'
import type { AgentListener, AgentOutcome, AgentTask } from './agent-run.ts'
import { createCommandDriver } from './command-driver.ts'
import { secretValues } from './environment.ts'
import { redactOutcome } from './failure.ts'
import { type IdleWatch, idleCheck, noteTool, probeAt } from './idle.ts'
import { openRunLog, type RunLog } from './run-log.ts'

/** How long a stopped agent may take to end, when the limits have no value. */
const defaultGraceMs = 5000
/** The last output of a program may arrive so long after its end. */
const drainMs = 250
/** Node reaps an ended process within a millisecond, unless the machine is very busy. */
const reapMs = 2000

/**
 * Runs an agent until it has answered, failed, reached a limit or was stopped, in the calling thread. No process of it is
 * left when the promise resolves: nothing writes to the worktree any more.
 * @throws {OperatorError} when its process cannot be started.
 */
export async function runAgent(task: AgentTask, listener: AgentListener): Promise<AgentOutcome> {
  if (listener.signal?.aborted) return { kind: 'stopped' }
  const child = await spawnAgent(task)
  if ('kind' in child) return child
  const root = identify(child)
  const hidden = [...(task.hidden ?? []), ...secretValues(task.launch.env)]
  const redact = redactor(() => hidden)
  const log = openRunLog(task.logFile, undefined, redact)
  try {
    listener.started(root)
    return redactOutcome(await superviseProcess({ child, root, log }, task, listener), redact)
  } finally {
    const result = await endTree(child, root, task)
    if (result.survivors.length > 0) {
      log.note(`these processes could not be ended: ${result.survivors.map(({ pid }) => pid).join(', ')}`)
    } else {
      // With a survivor, the run stays on the reaper's list.
      listener.allExited()
    }
    await log.close()
  }
}

/** Starts the program as the leader of its own group and session. */
async function spawnAgent({ launch, cwd, kind }: AgentTask): Promise<ChildProcessWithoutNullStreams | AgentOutcome> {
  const { file, args, env } = launch
  let error: NodeJS.ErrnoException
  try {
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    if (child.pid !== undefined) return child
    error = await new Promise((resolve) => child.once('error', resolve))
  } catch (cause) {
    // For example, an argument with a NUL.
    error = cause instanceof Error ? cause : new Error(String(cause))
  }
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    return { kind: 'missing-program', program: file, install: kind.install }
  }
  throw new OperatorError(`the agent cannot be started: ${error.message}`, undefined, { cause: error })
}

function identify(child: ChildProcessWithoutNullStreams): ProcessIdentity {
  const pid = child.pid ?? 0
  // A child that has ended already is a zombie until Node reaps it. Then there is nothing to signal.
  return { pid, startTime: processTable().find(pid)?.startTime ?? 'ended' }
}

/** Waits for the first event that ends the run. */
async function superviseProcess(
  { child, root, log }: { child: ChildProcessWithoutNullStreams; root: ProcessIdentity; log: RunLog },
  task: AgentTask,
  { signal, updated, used }: AgentListener,
): Promise<AgentOutcome> {
  const { limits } = task
  const ending = Promise.withResolvers<AgentOutcome>()
  let printed = 0
  let lastActivity = performance.now()
  const openTools = new Set<string>()
  const createDriver = task.kind.protocol === 'acp' ? createAcpDriver : createCommandDriver
  const driver = createDriver({
    ...task,
    roots: [...new Set([realpathSync(task.cwd), task.cwd, task.home])],
    log,
    updated: (update) => {
      noteTool(openTools, update)
      updated(update)
    },
    used,
    send: (text) => child.stdin.write(text),
    endInput: () => child.stdin.end(),
    unreadBytes: () => child.stdin.writableLength,
    onActivity: () => {
      lastActivity = performance.now()
    },
    onEnd: ending.resolve,
  })

  const onData = (source: 'stdout' | 'stderr') => (chunk: Buffer) => {
    printed += chunk.length
    lastActivity = performance.now()
    driver.onOutput(source, chunk)
    if (printed <= limits.outputBytes) return
    ending.resolve({ kind: 'protocol-error', reason: 'output-limit', message: printsTooMuch(limits.outputBytes) })
  }
  child.stdout.on('data', onData('stdout'))
  child.stderr.on('data', onData('stderr'))
  ignoreBrokenPipes(child, log)
  child.once('exit', (exitCode, exitSignal) => {
    const end = task.contained ? unwrapped(exitCode, exitSignal) : { exitCode, signal: exitSignal }
    void drained(child).then(() => ending.resolve(driver.exited(end.exitCode, end.signal)))
  })

  const limitTimers = watchLimits(
    limits,
    {
      lastActivity: () => lastActivity,
      inTool: () => openTools.size > 0,
      cpuMs: () => treeUse([root]).get(root.pid)?.cpuMs ?? 0,
    },
    ending.resolve,
  )
  let stopTimer: NodeJS.Timeout | undefined
  const stop = () => {
    driver.cancel()
    // Half of the grace time is for the protocol, the other half for SIGTERM.
    stopTimer = setTimeout(() => ending.resolve({ kind: 'stopped' }), graceMs(task) / 2)
  }
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()

  log.note(`started ${task.launch.file} as process ${root.pid}`)
  const outcome = await ending.promise
  signal?.removeEventListener('abort', stop)
  clearTimeout(stopTimer)
  limitTimers.stop()
  driver.close()
  // A stopped agent may still answer. Its outcome is `stopped`.
  const reported = signal?.aborted ? stoppedWith(outcome) : outcome
  log.note(`ended: ${reported.kind}`)
  return reported
}

/** A cost may be reported with the end of a turn: what was finished then is there to be taken. */
function stoppedWith(outcome: AgentOutcome): AgentOutcome {
  const done = outcome.kind === 'finished' && outcome.stopReason === 'end_turn'
  return done ? { kind: 'stopped', finished: outcome.summary } : { kind: 'stopped' }
}

/** What wraps a program reports its end by signal N as the exit code 128 + N, as shells do. */
function unwrapped(exitCode: number | null, signal: string | null): { exitCode: number | null; signal: string | null } {
  const name = Object.entries(constants.signals).find(([, number]) => 128 + number === exitCode)?.[0]
  return name === undefined ? { exitCode, signal } : { exitCode: null, signal: name }
}

/** A program that does not read, or ends early, breaks a pipe. Its exit counts, not that error. */
function ignoreBrokenPipes(child: ChildProcessWithoutNullStreams, log: RunLog): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  child.on('error', (error) => log.note(`process error: ${error.message}`))
}

/** Ends the run when it reaches the time limit or is idle for too long. */
function watchLimits(
  limits: AgentTask['limits'],
  watched: Omit<IdleWatch, 'end'>,
  end: (outcome: AgentOutcome) => void,
): { stop: () => void } {
  const totalTimer = setTimeout(
    () => end({ kind: 'time-limit', afterMs: limits.totalMs }),
    Math.min(limits.totalMs, 2 ** 31 - 1),
  )
  const idleTimer = repeatWhenDue(
    limits.idleMs * probeAt,
    idleCheck(limits.idleMs, { ...watched, end: (afterMs) => end({ kind: 'idle', afterMs }) }),
  )
  return {
    stop: () => {
      clearTimeout(totalTimer)
      idleTimer.stop()
    },
  }
}

/** Calls `check` again and again. It returns the milliseconds until the next call. */
function repeatWhenDue(firstMs: number, check: () => number): { stop: () => void } {
  let timer: NodeJS.Timeout
  const arm = (ms: number) => {
    timer = setTimeout(() => arm(check()), Math.min(Math.max(ms, 10), 2 ** 31 - 1))
  }
  arm(firstMs)
  return { stop: () => clearTimeout(timer) }
}

/** Waits for the ends of both outputs, but not for a grandchild that holds them open. */
async function drained(child: ChildProcessWithoutNullStreams): Promise<void> {
  const ended = [child.stdout, child.stderr].map(
    (stream) => new Promise<void>((resolve) => (stream.closed ? resolve() : stream.once('close', () => resolve()))),
  )
  await within(drainMs, Promise.all(ended))
}

/**
 * Waits until Node has reaped a killed program. A thread that ends earlier would leave a zombie process for as long as
 * Tutti runs.
 */
async function reaped(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await within(reapMs, once(child, 'exit'))
}

/** Ends the program if it still runs, then everything else that it has started. */
async function endTree(
  child: ChildProcessWithoutNullStreams,
  root: ProcessIdentity,
  task: AgentTask,
): Promise<KillResult> {
  // Adapters exit when their input ends.
  child.stdin.end()
  const result = await killRun(task, root)
  // The last output on stderr often has the reason.
  await drained(child)
  if (result.survivors.length === 0) await reaped(child)
  child.stdout.destroy()
  child.stderr.destroy()
  child.stdin.destroy()
  return result
}

/**
 * Ends every process that a run has started, SIGTERM first.
 * @param root its first process, when known; the marker finds the others.
 */
export function killRun(task: AgentTask, root?: ProcessIdentity): Promise<KillResult> {
  return killTrees([{ root, marker: runMarker(task), contained: task.contained }], { graceMs: graceMs(task) / 2 })
}

/** How long the agent of a task may take to end by itself, in milliseconds. */
export function graceMs({ limits }: Pick<AgentTask, 'limits'>): number {
  return limits.graceMs ?? defaultGraceMs
}
