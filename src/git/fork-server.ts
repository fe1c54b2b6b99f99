/**
 * A small helper process that starts git. To start a process, the system copies the page tables of the one that asks,
 * and that one stands still meanwhile. Measured: 1 ms at 50 MB, 5 ms at 160 MB, 20 ms at 660 MB, each time, with
 * webhooks waiting. The helper stays small, and its environment holds none of our secrets.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compileCacheVariable } from '../lib/compile-cache.ts'
import { OperatorError } from '../lib/errors.ts'
import { startGit } from './git.ts'
import type { GitCommandOptions, GitExit, StartGit } from './git-options.ts'

/** What the helper is asked: to run git, or to end a run of it. */
export type ForkRequest =
  | { id: number; args: readonly string[]; options: Omit<GitCommandOptions, 'signal'> }
  /** The id of the run. */
  | { stop: number }

/** How the run ended, or why it could not be started. */
export type ForkReply = { id: number; end: GitExit } | { id: number; failed: string; hint: string | undefined }

/** The helper process, as its client sees it. */
export interface ForkServer {
  /** As `startGit`. @throws {OperatorError} also when the helper was lost: whether git did its work is not known. */
  readonly start: StartGit
  /** The helper's process id, once there is one. */
  readonly pid: number | undefined
  /** Ends the helper and what it has started. */
  close(): void
}

interface Pending {
  resolve(end: GitExit): void
  reject(error: Error): void
}

const program = fileURLToPath(new URL('./fork-server-main.ts', import.meta.url))

/**
 * Makes a fork server. Its process is started with the first command, and again when it was lost. Where it cannot be
 * started at all, git becomes a child of this process.
 * @param options.onLost called when the process ended although it should not have
 */
export function createForkServer(options: { onLost?: (reason: string) => void } = {}): ForkServer {
  return new Client(options.onLost ?? (() => {}))
}

class Client implements ForkServer {
  readonly #pending = new Map<number, Pending>()
  readonly #onLost: (reason: string) => void
  #child: ChildProcess | undefined
  #answered = true
  #closed = false
  #lastId = 0

  constructor(onLost: (reason: string) => void) {
    this.#onLost = onLost
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  readonly start: StartGit = (args, options) => {
    // Closed, or lost before its first answer: a slow start of git is better than none.
    if (this.#closed || (!this.#child && !this.#answered)) return startGit(args, options)
    this.#child ??= this.#fork()
    return this.#ask(this.#child, args, options)
  }

  close(): void {
    this.#closed = true
    this.#child?.disconnect()
  }

  #fork(): ChildProcess {
    const child = forkHelper()
    this.#answered = false
    child.on('message', (reply: ForkReply) => this.#onReply(reply))
    child.once('error', (error) => this.#lose(child, error.message))
    child.once('exit', (code, signal) => this.#lose(child, `it ended with ${signal ?? `exit code ${code}`}`))
    return child
  }

  #ask(child: ChildProcess, args: readonly string[], { signal, ...rest }: GitCommandOptions): Promise<GitExit> {
    const id = ++this.#lastId
    const stop = () => void child.send({ stop: id } satisfies ForkRequest, () => {})
    return new Promise<GitExit>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      child.channel?.ref()
      signal?.addEventListener('abort', stop, { once: true })
      child.send({ id, args, options: rest } satisfies ForkRequest, (error) => {
        if (error) this.#take(id)?.reject(new OperatorError(`git was lost: its helper process: ${error.message}`))
      })
    }).finally(() => signal?.removeEventListener('abort', stop))
  }

  #onReply(reply: ForkReply): void {
    this.#answered = true
    const caller = this.#take(reply.id)
    if ('end' in reply) caller?.resolve(reply.end)
    else caller?.reject(new OperatorError(reply.failed, reply.hint))
  }

  #take(id: number): Pending | undefined {
    const caller = this.#pending.get(id)
    this.#pending.delete(id)
    // A pending answer keeps our process alive; the helper itself does not.
    if (this.#pending.size === 0) this.#child?.channel?.unref()
    return caller
  }

  #lose(which: ChildProcess, reason: string): void {
    if (which !== this.#child) return
    this.#child = undefined
    if (!this.#closed) this.#onLost(`the process that starts git was lost: ${reason}`)
    for (const id of [...this.#pending.keys()]) {
      this.#take(id)?.reject(new OperatorError(`git was lost: its helper process: ${reason}`))
    }
  }
}

function forkHelper(): ChildProcess {
  // A session of its own, so that it outlives a signal to our group; and an environment without our secrets.
  const child = fork(program, [], {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1', ...compileCacheVariable() },
    execArgv: ['--max-old-space-size=256', '--max-semi-space-size=1', '--optimize-for-size'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.unref()
  child.channel?.unref()
  return child
}
