/**
 * Promise 4, "when we stop, they stop", also when the orchestrator is killed without a word: a small process holds
 * the other end of a pipe and ends the agents when the pipe closes. One warden per orchestrator, started with the
 * first agent.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { ProcessIdentity } from '../lib/process-table.ts'
import { checkId } from './run-markers.ts'

/** Running an agent needs one: without it nobody would end the agent after the orchestrator's death. */
export interface Reaper {
  readonly instanceId: string
  /** Marks everything this life of the orchestrator starts. */
  readonly lifeId: string
  /** The warden process, once there is one. */
  readonly pid: number | undefined
  /** Starts the process if there is none. Returns at once; the pipe holds from that moment on. */
  start(): void
  /** Tells it about a run's first process. */
  watch(runId: string, root: ProcessIdentity): void
  /** The run has ended and left nothing behind. */
  forget(runId: string): void
  /** Closes the pipe and waits until the warden has swept and left, ten seconds at most. */
  close(): Promise<void>
}

const program = fileURLToPath(new URL('./reaper-main.ts', import.meta.url))

/**
 * Makes a warden; no process is started yet.
 * @param options.instanceId stays the same over restarts of this orchestrator: letters, digits, `.`, `_`, `-`.
 * @param options.onLost called when the process ended although it should not have; it is started again.
 */
export function createReaper(options: { instanceId: string; onLost?: (reason: string) => void }): Reaper {
  checkId('instanceId', options.instanceId)
  const lifeId = randomUUID()
  const runs = new Map<string, ProcessIdentity>()
  let child: ChildProcess | undefined
  let closed = false

  function start(): void {
    if (child || closed) return
    const started = spawnWarden(lifeId)
    child = started
    started.once('exit', (code, signal) => lost(started, `the warden ended with ${signal ?? `exit code ${code}`}`))
    started.once('error', (error) => lost(started, `the warden cannot be started: ${error.message}`))
    for (const [runId, root] of runs) tell(watchLine(runId, root))
  }

  function lost(which: ChildProcess, reason: string): void {
    if (child !== which) return
    child = undefined
    if (closed) return
    options.onLost?.(reason)
    // Not at once: a warden that cannot run at all must not turn into a loop of starts.
    if (runs.size > 0) setTimeout(start, 1000).unref()
  }

  function tell(line: string): void {
    child?.stdin?.write(`${line}\n`)
  }

  return {
    instanceId: options.instanceId,
    lifeId,
    get pid() {
      return child?.pid
    },
    start,
    watch(runId, root) {
      runs.set(runId, root)
      if (child) tell(watchLine(runId, root))
      else start()
    },
    forget(runId) {
      if (runs.delete(runId)) tell(`- ${runId}`)
    },
    async close() {
      closed = true
      const leaving = child
      if (!leaving || leaving.exitCode !== null || leaving.signalCode !== null) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 10_000)
        leaving.once('exit', () => {
          clearTimeout(timer)
          resolve()
        })
        leaving.stdin?.end()
      })
    },
  }
}

function watchLine(runId: string, root: ProcessIdentity): string {
  return `+ ${runId} ${root.pid} ${root.startTime}`
}

function spawnWarden(lifeId: string): ChildProcess {
  // Its own session, and an environment without our markers and secrets: it must not find itself, nor hold a key.
  const child = spawn(process.execPath, ['--max-old-space-size=32', program, lifeId], {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // The pipe breaks when the warden ends; its exit is what is acted on.
  child.stdin?.on('error', () => {})
  child.unref()
  if (child.stdin && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return child
}
