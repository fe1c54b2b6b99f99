/**
 * Starting a process costs the one that starts it: the system copies its page tables first, and nothing else happens in
 * it meanwhile. Measured: 1 ms at 50 MB, 5 ms at 160 MB, 20 ms at 660 MB, each time, with webhooks waiting. So a small
 * process does it for us.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { OperatorError } from '../lib/errors.ts'
import { startGit } from './git.ts'
import type { GitExit, GitOptions, StartGit } from './git-options.ts'

/** What the starter is asked: to run git, or to end a run of it. */
export type Request =
  | { id: number; args: readonly string[]; options: Omit<GitOptions, 'signal'> }
  /** The id of the run. */
  | { stop: number }

/** How it ended, or why it could not be started. */
export type Answer = { id: number; end: GitExit } | { id: number; failed: string; hint: string | undefined }

export interface Starter {
  /** As `startGit`. @throws {OperatorError} also when the starter ended meanwhile: whether git did its work is not known. */
  readonly git: StartGit
  /** The process, once there is one. */
  readonly pid: number | undefined
  /** Ends the process and what it has started. */
  close(): void
}

interface Waiting {
  resolve(end: GitExit): void
  reject(error: Error): void
}

const program = fileURLToPath(new URL('./fork-server-main.ts', import.meta.url))

/**
 * Makes a starter; its process is started with the first command, and again when it was lost. Where it cannot be started
 * at all, git becomes a child of this process.
 * @param options.onLost called when the process ended although it should not have.
 */
export function createStarter(options: { onLost?: (reason: string) => void } = {}): Starter {
  const waiting = new Map<number, Waiting>()
  let child: ChildProcess | undefined
  let answered = true
  let closed = false
  let last = 0

  function start(): ChildProcess {
    const started = forkStarter()
    answered = false
    started.on('message', hear)
    started.once('error', (error) => lost(started, error.message))
    started.once('exit', (code, signal) => lost(started, `it ended with ${signal ?? `exit code ${code}`}`))
    return started
  }

  function hear(answer: Answer): void {
    answered = true
    const caller = take(answer.id)
    if ('end' in answer) caller?.resolve(answer.end)
    else caller?.reject(new OperatorError(answer.failed, answer.hint))
  }

  function take(id: number): Waiting | undefined {
    const caller = waiting.get(id)
    waiting.delete(id)
    // Waiting for an answer keeps this process alive, the starter itself does not.
    if (waiting.size === 0) child?.channel?.unref()
    return caller
  }

  function lost(which: ChildProcess, reason: string): void {
    if (which !== child) return
    child = undefined
    if (!closed) options.onLost?.(`the process that starts git was lost: ${reason}`)
    for (const id of [...waiting.keys()]) take(id)?.reject(new OperatorError(`git was lost: its starter: ${reason}`))
  }

  function git(args: readonly string[], { signal, ...rest }: GitOptions): Promise<GitExit> {
    // Closed, or a starter that never answered was lost: better slow than not at all.
    if (closed || (!child && !answered)) return startGit(args, { signal, ...rest })
    child ??= start()
    const process = child
    const id = ++last
    const stop = () => void process.send({ stop: id } satisfies Request, () => {})
    return new Promise<GitExit>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      process.channel?.ref()
      signal?.addEventListener('abort', stop, { once: true })
      process.send({ id, args, options: rest } satisfies Request, (error) => {
        if (error) take(id)?.reject(new OperatorError(`git was lost: its starter: ${error.message}`))
      })
    }).finally(() => signal?.removeEventListener('abort', stop))
  }

  return {
    git,
    get pid() {
      return child?.pid
    },
    close() {
      closed = true
      child?.disconnect()
    },
  }
}

function forkStarter(): ChildProcess {
  // A session of its own, so that it outlives a signal to our group; and an environment without our secrets.
  const child = fork(program, [], {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1' },
    execArgv: ['--max-old-space-size=256', '--max-semi-space-size=1', '--optimize-for-size'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.unref()
  child.channel?.unref()
  return child
}
