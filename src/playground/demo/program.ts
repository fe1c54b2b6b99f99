/** Tutti itself as a child process, started as `tutti serve` starts; only the environment differs. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PlaygroundError } from '../errors.ts'

/** One line of Tutti's log. */
export interface LogLine {
  level: number
  /** Milliseconds since 1970, by the clock of the process. */
  time: number
  msg: string
  url?: string
  issue?: number
  from?: string
  to?: string
  why?: string
  /** Who works, for people. */
  agent?: string
  purpose?: string
}

export interface Program {
  readonly process: ChildProcess
  readonly url: string
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<void>
}

/**
 * Starts `tutti serve` and waits until it takes webhooks, or until it serves where it takes none.
 * @throws {PlaygroundError} with the last log lines when it ends before that.
 */
export async function startProgram(options: {
  /** Absolute path of Tutti's own program. */
  main: string
  /** Options after `serve`. */
  args?: readonly string[]
  env: Record<string, string>
  logFile: string
  onLine: (line: LogLine) => void
  /** Given the process before it serves, for those that end it in the middle of its start. */
  onSpawn?: (child: ChildProcess) => void
}): Promise<Program> {
  const child = spawn(process.execPath, [options.main, 'serve', ...(options.args ?? [])], {
    env: options.env,
    cwd: join(options.logFile, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.onSpawn?.(child)
  const file = createWriteStream(options.logFile, { flags: 'a' })
  const last: string[] = []
  const started = Promise.withResolvers<string>()
  const serving = Promise.withResolvers<void>()
  const hear = (text: string) => {
    file.write(`${text}\n`)
    last.push(text)
    if (last.length > 10) last.shift()
    const line = parse(text)
    if (!line) return
    if (line.url && /^(webhooks are being taken|health and metrics are shown)$/.test(line.msg))
      started.resolve(line.url)
    if (line.msg === 'Tutti is serving') serving.resolve()
    options.onLine(line)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear)
  child.once('exit', (code, signal) => {
    const error = new PlaygroundError(`Tutti ended with ${signal ?? `code ${code}`}:\n${last.join('\n')}`)
    started.reject(error)
    serving.reject(error)
  })
  serving.promise.catch(() => {})
  const url = await started.promise
  await serving.promise
  return {
    process: child,
    url,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      file.end()
    },
  }
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return undefined
  }
}
