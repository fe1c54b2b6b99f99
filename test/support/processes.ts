/** Tutti as a process of its own, for stories in which it is killed, refused, or started twice. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFailed, onTestFinished } from 'vitest'
import { isAlive, type ProcessIdentity, startTimeOf } from '../../src/lib/process-table.ts'
import { type LogLine, type Program, startProgram } from '../../src/playground/demo/program.ts'
import type { World } from './world.ts'

/** What `npm start` and the `tutti` command run. */
const main = fileURLToPath(new URL('../../src/tutti.js', import.meta.url))

export interface TuttiProcess extends Program {
  lines: LogLine[]
  /** Ends it without a word, and waits until it is gone. */
  kill(): Promise<void>
}

/**
 * Starts `tutti serve` for a world whose own Tutti is not started, and points the webhooks at it, unless it is a runner.
 * @param args options after `serve`.
 */
export async function startProcess(
  world: World,
  more: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<TuttiProcess> {
  const lines: LogLine[] = []
  const logFile = join(world.directory, 'tutti.log')
  const program = await startProgram({
    main: fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
    env: { ...world.env, LOG_LEVEL: 'info', NODE_NO_WARNINGS: '1', ...more },
    args,
    logFile,
    onLine: (line) => {
      lines.push(line)
      world.github.changed.dispatchEvent(new Event('change'))
    },
  })
  if (!args.includes('runner')) world.github.setWebhookUrl(`${program.url}/api/github/webhooks`)
  const child = program.process
  const gone = () => child.exitCode !== null || child.signalCode !== null
  const kill = async () => {
    if (gone()) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  onTestFinished(kill)
  onTestFailed(() =>
    console.log(
      lines
        .slice(-400)
        .map((line) => JSON.stringify(line))
        .join('\n'),
    ),
  )
  return { ...program, lines, kill }
}

/** Runs `tutti serve` that is expected to end by itself. */
export async function runToItsEnd(options: {
  env: Record<string, string>
  directory: string
  node?: string
}): Promise<{ code: number | null; said: string }> {
  const child = spawn(options.node ?? process.execPath, [main, 'serve'], {
    env: { ...options.env, NODE_NO_WARNINGS: '1' },
    cwd: options.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  appendFileSync(join(options.directory, 'ended.log'), said)
  return { code, said }
}

/** The process whose id an agent of the story wrote to a file; undefined until it did. */
export function processIn(file: string): ProcessIdentity | undefined {
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8'))
  return Number.isInteger(pid) && pid > 1 ? { pid, startTime: startTimeOf(pid) } : undefined
}

export { isAlive }
