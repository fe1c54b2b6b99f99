/**
 * Runs one agent, once: starts its program, holds the conversation, watches the limits, and ends every process it
 * started, whatever happens. The page to read first in this folder; `supervise.ts` says in which thread it happens.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { OperatorError } from '../../lib/errors.ts'
import { type ProcessIdentity, processTable } from '../../lib/process-table.ts'
import { type KillResult, killTrees } from '../../sandbox/kill-tree.ts'
import { runMarker } from '../../sandbox/run-markers.ts'
import { createAcpDriver } from './acp-driver.ts'
import type { AgentListener, AgentOutcome, AgentTask } from './agent-run.ts'
import { createCommandDriver } from './command-driver.ts'
import { openRunLog, type RunLog } from './run-log.ts'

/** An agent that was told to stop gets this long unless the caller says otherwise. */
const defaultGraceMs = 5000
/** What a program printed just before it ended may still be on its way. */
const drainMs = 250
/** The news of an exit takes a millisecond, unless the machine is very busy. */
const noteMs = 2000

/**
 * Runs an agent that is ready until it has answered, failed, hit a limit or was stopped, in the thread that calls this. No
 * process of it is left when the promise resolves; the worktree is quiet then.
 * @throws {OperatorError} when its process cannot be started.
 */
export async function runAgent(task: AgentTask, listener: AgentListener): Promise<AgentOutcome> {
  if (listener.signal?.aborted) return { kind: 'stopped' }
  const child = await spawnAgent(task)
  if ('kind' in child) return child
  const root = identify(child)
  const log = openRunLog(task.logFile)
  try {
    listener.started(root)
    return await supervise(child, root, log, task, listener)
  } finally {
    const result = await endTree(child, root, task)
    if (result.survivors.length > 0) {
      log.note(`these processes would not go: ${result.survivors.map(({ pid }) => pid).join(', ')}`)
    } else {
      // A survivor stays on the warden's list.
      listener.quiet()
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
    // A NUL in a word of the command line, for one.
    error = cause instanceof Error ? cause : new Error(String(cause))
  }
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    return { kind: 'missing-program', program: file, install: kind.install }
  }
  throw new OperatorError(`the agent cannot be started: ${error.message}`, undefined, { cause: error })
}

function identify(child: ChildProcessWithoutNullStreams): ProcessIdentity {
  const pid = child.pid ?? 0
  // A child that has ended already is a zombie until Node reaps it: then there is nothing left to signal.
  return { pid, startTime: processTable().find(pid)?.startTime ?? 'ended' }
}

/** Waits for the first thing that ends the run. */
async function supervise(
  child: ChildProcessWithoutNullStreams,
  root: ProcessIdentity,
  log: RunLog,
  task: AgentTask,
  { signal, updated, used }: AgentListener,
): Promise<AgentOutcome> {
  const { limits } = task
  const ending = Promise.withResolvers<AgentOutcome>()
  const cwd = realpathSync(task.cwd)
  let printed = 0
  let lastSign = Date.now()

  const speak = task.kind.protocol === 'acp' ? createAcpDriver : createCommandDriver
  const speaker = speak({
    ...task,
    roots: [...new Set([cwd, task.cwd, task.home])],
    log,
    updated,
    used,
    send: (text) => child.stdin.write(text),
    endInput: () => child.stdin.end(),
    unreadBytes: () => child.stdin.writableLength,
    onSign: () => {
      lastSign = Date.now()
    },
    onEnd: ending.resolve,
  })

  const hear = (source: 'stdout' | 'stderr') => (chunk: Buffer) => {
    printed += chunk.length
    lastSign = Date.now()
    speaker.hear(source, chunk)
    if (printed <= limits.outputBytes) return
    const message = `it printed more than ${limits.outputBytes} bytes`
    ending.resolve({ kind: 'protocol-error', reason: 'output-limit', message })
  }
  child.stdout.on('data', hear('stdout')).on('error', () => {})
  child.stderr.on('data', hear('stderr')).on('error', () => {})
  // A program that does not read, or ends early, breaks the pipe; how it ended is what counts.
  child.stdin.on('error', () => {})
  child.on('error', (error) => log.note(`process error: ${error.message}`))
  child.once('exit', (exitCode, exitSignal) => {
    void drained(child).then(() => ending.resolve(speaker.exited(exitCode, exitSignal)))
  })

  const stop = () => {
    speaker.cancel()
    // The agent's own end, or the end of its patience: half of the grace time for the protocol, half for SIGTERM.
    stopTimer = setTimeout(() => ending.resolve({ kind: 'stopped' }), graceMs(task) / 2)
  }
  let stopTimer: NodeJS.Timeout | undefined
  const totalTimer = setTimeout(
    () => ending.resolve({ kind: 'time-limit', afterMs: limits.totalMs }),
    Math.min(limits.totalMs, 2 ** 31 - 1),
  )
  const idleTimer = everySoOften(limits.idleMs, () => {
    const silentMs = Date.now() - lastSign
    if (silentMs >= limits.idleMs) ending.resolve({ kind: 'idle', afterMs: silentMs })
    return limits.idleMs - silentMs
  })
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()

  log.note(`started ${task.launch.file} as process ${root.pid}`)
  const outcome = await ending.promise
  signal?.removeEventListener('abort', stop)
  for (const timer of [stopTimer, totalTimer]) clearTimeout(timer)
  idleTimer.stop()
  speaker.close()
  // Whatever a stopped agent still answers, it was stopped.
  const told: AgentOutcome = signal?.aborted ? { kind: 'stopped' } : outcome
  log.note(`ended: ${JSON.stringify(told)}`)
  return told
}

/** Calls `check` now and then; it returns the milliseconds until the next time it could matter. */
function everySoOften(firstMs: number, check: () => number): { stop: () => void } {
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
 * Waits until the end of a killed program was taken note of: after that, the system forgets it. A thread that ends before
 * would leave it in the system's table for as long as Tutti runs.
 */
async function noted(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await within(noteMs, once(child, 'exit'))
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}

/** Ends the program politely if it is still there, then everything else it has started. */
async function endTree(
  child: ChildProcessWithoutNullStreams,
  root: ProcessIdentity,
  task: AgentTask,
): Promise<KillResult> {
  // Adapters leave when their input ends.
  child.stdin.end()
  const result = await killRun(task, root)
  // The last words on stderr often say why.
  await drained(child)
  if (result.survivors.length === 0) await noted(child)
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
  return killTrees([{ root, marker: runMarker(task) }], { graceMs: graceMs(task) / 2 })
}

/** How long the agent of a task may take to leave by itself, in milliseconds. */
export function graceMs({ limits }: Pick<AgentTask, 'limits'>): number {
  return limits.graceMs ?? defaultGraceMs
}
