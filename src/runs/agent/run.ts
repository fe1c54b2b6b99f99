/**
 * Runs one agent, once: starts its program, holds the conversation, watches the limits, and ends every process it
 * started, whatever happens. The page to read first in this folder.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../config/errors.ts'
import { type ProcessIdentity, processTable } from '../../config/processes.ts'
import { markerEnv, runMarker } from '../../workspace/containment/markers.ts'
import { type KillResult, killTrees } from '../../workspace/containment/tree.ts'
import { agentEnvironment, findProgram } from './environment.ts'
import { openRunLog, type RunLog } from './log.ts'
import type { AgentOutcome, LaunchCommand, RunAgentOptions } from './outcome.ts'
import { speakAcp } from './speak-acp.ts'
import { speakCommand } from './speak-command.ts'

/** An agent that was told to stop gets this long unless the caller says otherwise. */
const defaultGraceMs = 5000
/** What a program printed just before it ended may still be on its way. */
const drainMs = 250

/**
 * Runs an agent until it has answered, failed, hit a limit or was stopped. No process of it is left when the promise
 * resolves; the worktree is quiet then.
 * @throws {OperatorError} when the machine cannot run it: no workspace, no memory, no process to be had.
 */
export async function runAgent(options: RunAgentOptions): Promise<AgentOutcome> {
  const marks = markerEnv({
    instanceId: options.warden.instanceId,
    lifeId: options.warden.lifeId,
    runId: options.runId,
  })
  if (options.signal?.aborted) return { kind: 'stopped' }
  const launch = prepare(options, marks)
  if ('kind' in launch) return launch
  // Before the agent exists: from here on the pipe holds, even if we are killed in the next line.
  options.warden.start()
  if (options.warden.pid === undefined) throw new OperatorError('no agent runs without a warden, and there is none')
  const child = await spawnAgent(launch, options)
  if ('kind' in child) return child
  const root = identify(child)
  options.warden.watch(options.runId, root)
  const log = openRunLog(options.logFile)
  try {
    options.onStarted?.(root)
    return await supervise(child, root, log, launch, options)
  } finally {
    const result = await endTree(child, root, options)
    if (result.survivors.length > 0) {
      log.note(`these processes would not go: ${result.survivors.map(({ pid }) => pid).join(', ')}`)
    } else {
      // A survivor stays on the warden's list.
      options.warden.forget(options.runId)
    }
    await log.close()
  }
}

/** The command line and environment, or why there is nothing to start. Quick: the label's author is waiting. */
function prepare(options: RunAgentOptions, marks: Record<string, string>): LaunchCommand | AgentOutcome {
  const { kind, settings } = options
  const command = kind.start({ command: settings?.command, model: settings?.model })
  if (!command) return { kind: 'missing-program', program: `agents.${kind.id}.command`, install: kind.install }
  if (!isDirectory(options.cwd)) throw new OperatorError(`the workspace ${options.cwd} is not a directory`)
  mkdirSync(join(options.home, 'tmp'), { recursive: true, mode: 0o700 })
  const env = agentEnvironment(options, { start: command.env, marks })
  if (kind.protocol === 'command') {
    env.TUTTI_PROMPT_FILE = join(options.home, 'prompt.md')
    writeFileSync(env.TUTTI_PROMPT_FILE, options.prompt, { mode: 0o600 })
  }
  const program = findProgram(command.file, env.PATH, options.cwd)
  if (!program) return { kind: 'missing-program', program: command.file, install: kind.install }
  const plain = { file: program, args: command.args, env }
  return options.wrap ? options.wrap(plain) : plain
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Starts the program as the leader of its own group and session. */
async function spawnAgent(
  launch: LaunchCommand,
  options: RunAgentOptions,
): Promise<ChildProcessWithoutNullStreams | AgentOutcome> {
  const { file, args, env } = launch
  let error: NodeJS.ErrnoException
  try {
    const child = spawn(file, args, { cwd: options.cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    if (child.pid !== undefined) return child
    error = await new Promise((resolve) => child.once('error', resolve))
  } catch (cause) {
    // A NUL in a word of the command line, for one.
    error = cause instanceof Error ? cause : new Error(String(cause))
  }
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    return { kind: 'missing-program', program: launch.file, install: options.kind.install }
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
  launch: LaunchCommand,
  options: RunAgentOptions,
): Promise<AgentOutcome> {
  const { limits, signal } = options
  const ending = Promise.withResolvers<AgentOutcome>()
  const cwd = realpathSync(options.cwd)
  let printed = 0
  let lastSign = Date.now()

  const speak = options.kind.protocol === 'acp' ? speakAcp : speakCommand
  const speaker = speak({
    ...options,
    roots: [...new Set([cwd, options.cwd, options.home])],
    env: launch.env,
    log,
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
    stopTimer = setTimeout(() => ending.resolve({ kind: 'stopped' }), graceMs(options) / 2)
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

  log.note(`started ${launch.file} as process ${root.pid}`)
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
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs)
  })
  await Promise.race([Promise.all(ended), late])
  clearTimeout(timer)
}

/** Ends the program politely if it is still there, then everything else it has started. */
async function endTree(
  child: ChildProcessWithoutNullStreams,
  root: ProcessIdentity,
  options: RunAgentOptions,
): Promise<KillResult> {
  // Adapters leave when their input ends.
  child.stdin.end()
  const target = { root, marker: runMarker({ lifeId: options.warden.lifeId, runId: options.runId }) }
  const result = await killTrees([target], { graceMs: graceMs(options) / 2 })
  // The last words on stderr often say why.
  await drained(child)
  child.stdout.destroy()
  child.stderr.destroy()
  child.stdin.destroy()
  return result
}

function graceMs(options: RunAgentOptions): number {
  return options.limits.graceMs ?? defaultGraceMs
}
