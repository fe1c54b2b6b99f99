/** Runs one command line of the repository in a session of its own, with bounded time and output, and ends all of it. */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Hash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { OperatorError } from '../../lib/errors.ts'
import { startTimeOf } from '../../lib/process-table.ts'
import { killTrees } from '../../sandbox/kill-tree.ts'
import type { Box } from '../../sandbox/sandbox.ts'
import { CapturedOutput } from './output.ts'

/** How a command line ended. */
export interface ShellResult {
  how:
    | { kind: 'exited'; code: number }
    | { kind: 'killed'; signal: string }
    | { kind: 'out of time' }
    | { kind: 'flood' }
    | { kind: 'disk' }
    | { kind: 'aborted' }
  /** The output of both streams, as plain text. */
  output: string
  milliseconds: number
  /** Processes that could not be ended. */
  survivors: number
}

/** Bytes of output kept. */
const keptBytes = 64 * 2 ** 10
/** A command that prints more is ended. */
const floodBytes = 256 * 2 ** 20
/** How long a test runner that is ended early may take to end its own processes. */
const graceMs = 2_000

/**
 * Runs `sh -c line` and ends everything it started, whether it succeeded or not.
 * @param options.env all of its environment.
 * @param options.marker `NAME=value` of that environment by which its processes are known.
 * @param options.box the sandbox that it runs in.
 * @param options.digest takes every byte of the output, also what is not kept.
 * @throws {OperatorError} when the shell cannot be started.
 */
export async function runShell(
  line: string,
  options: {
    cwd: string
    env: Readonly<Record<string, string>>
    marker: string
    timeoutMs: number
    signal: AbortSignal
    box?: Box
    digest?: Pick<Hash, 'update'>
  },
): Promise<ShellResult> {
  const started = performance.now()
  const output = new CapturedOutput(keptBytes, options.digest)
  const { box } = options
  const plain = { file: '/bin/sh', args: ['-c', line], env: options.env }
  const { file, args, env } = box?.wrap(plain) ?? plain
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const leader = await identity(child)
  const closed = once(child, 'close')
  const how = await ending(child, output, options)
  const early = how.kind !== 'exited' && how.kind !== 'killed'
  const tree = [{ root: leader, marker: options.marker, contained: box !== undefined }]
  const { survivors } = await killTrees(tree, { graceMs: early ? graceMs : 0 })
  // All writers have ended; only bytes in the pipes are left.
  await Promise.race([closed, delay(1_000, undefined, { ref: false })])
  for (const stream of [child.stdout, child.stderr]) stream?.destroy()
  return {
    how,
    output: output.text(),
    milliseconds: Math.round(performance.now() - started),
    survivors: survivors.length,
  }
}

async function identity(child: ChildProcess) {
  const { pid } = child
  if (pid !== undefined) return { pid, startTime: startTimeOf(pid) }
  const [error] = (await once(child, 'error')) as [Error]
  throw new OperatorError(`a gate cannot start a shell: ${error.message}`, undefined, { cause: error })
}

/** The first event that ends a command. */
function ending(
  child: ChildProcess,
  output: CapturedOutput,
  { timeoutMs, signal, box }: { timeoutMs: number; signal: AbortSignal; box?: Box },
): Promise<ShellResult['how']> {
  return new Promise((resolve) => {
    const settle = (how: ShellResult['how']) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      box?.overDisk.removeEventListener('abort', onDisk)
      resolve(how)
    }
    const onAbort = () => settle({ kind: 'aborted' })
    const onDisk = () => settle({ kind: 'disk' })
    box?.overDisk.addEventListener('abort', onDisk, { once: true })
    const onData = (chunk: Buffer) => {
      output.add(chunk)
      if (output.total > floodBytes) settle({ kind: 'flood' })
    }
    const timer = setTimeout(() => settle({ kind: 'out of time' }), timeoutMs)
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.once('error', () => settle({ kind: 'exited', code: 126 }))
    child.once('exit', (code, killer) =>
      settle(code === null ? { kind: 'killed', signal: String(killer) } : { kind: 'exited', code }),
    )
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
