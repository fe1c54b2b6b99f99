/**
 * Promise 4, "when we stop, they stop", also when Tutti is killed: a small process holds the other end of a pipe and ends
 * the agents when the pipe closes. Each Tutti process has one reaper, started with the first agent.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { compileCacheVariable } from '../lib/compile-cache.ts'
import type { ProcessIdentity } from '../lib/process-table.ts'
import { checkId } from './run-markers.ts'

/** Every agent needs one: without it the agent would go on after the death of Tutti. */
export interface Reaper {
  readonly instanceId: string
  /** Marks every process that this Tutti process starts. */
  readonly lifeId: string
  /** The process, once there is one. */
  readonly pid: number | undefined
  /** Starts the process if there is none. Returns at once; the pipe holds from that moment on. */
  start(): void
  /** Adds a run and its first process. */
  watch(runId: string, root: ProcessIdentity): void
  /** Removes a run that has ended and left no process. */
  forget(runId: string): void
  /** Closes the pipe and waits until the reaper has killed the rest and exited, ten seconds at most. */
  close(): Promise<void>
}

const program = fileURLToPath(new URL('./reaper-main.ts', import.meta.url))

/**
 * Creates a reaper. No process is started yet.
 * @param options.instanceId stays the same over restarts of this Tutti: letters, digits, `.`, `_`, `-`.
 * @param options.lifeId this process: new with every start; a random one when not given.
 * @param options.onLost called when the process ended although it should not have; it is started again.
 */
export function createReaper(options: {
  instanceId: string
  lifeId?: string
  onLost?: (reason: string) => void
}): Reaper {
  const { instanceId, lifeId = randomUUID() } = options
  checkId('instanceId', instanceId)
  checkId('lifeId', lifeId)
  const runs = new Map<string, ProcessIdentity>()
  let child: ChildProcess | undefined
  let closed = false

  function start(): void {
    if (child || closed) return
    const started = spawnReaper(lifeId)
    child = started
    started.once('exit', (code, signal) => lost(started, `the reaper ended with ${signal ?? `exit code ${code}`}`))
    started.once('error', (error) => lost(started, `the reaper cannot be started: ${error.message}`))
    for (const [runId, root] of runs) send(watchLine(runId, root))
  }

  function lost(which: ChildProcess, reason: string): void {
    if (child !== which) return
    child = undefined
    if (closed) return
    options.onLost?.(reason)
    // Not at once: a reaper that cannot run must not be started in a loop.
    if (runs.size > 0) setTimeout(start, 1000).unref()
  }

  function send(line: string): void {
    child?.stdin?.write(`${line}\n`)
  }

  return {
    instanceId,
    lifeId,
    get pid() {
      return child?.pid
    },
    start,
    watch(runId, root) {
      runs.set(runId, root)
      if (child) send(watchLine(runId, root))
      else start()
    },
    forget(runId) {
      if (runs.delete(runId)) send(`- ${runId}`)
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

function spawnReaper(lifeId: string): ChildProcess {
  // A session of its own, and an environment without our markers and secrets: it must not kill itself, nor know a key.
  const child = spawn(process.execPath, ['--max-old-space-size=32', program, lifeId], {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1', ...compileCacheVariable() },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // The pipe breaks when the reaper ends. The `exit` event handles that.
  child.stdin?.on('error', () => {})
  child.unref()
  if (child.stdin && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return child
}
