/** The command line: `serve`, `demo`, `schema`, `help`. */

import { fileURLToPath } from 'node:url'
import { type Logger, pino } from 'pino'
import { type Env, loadDotEnv, readEnv } from '../config/env.ts'
import { settingsJsonSchema } from '../config/settings.ts'
import { nearest } from '../lib/did-you-mean.ts'
import { OperatorError } from '../lib/errors.ts'

interface Verb {
  summary: string
  run(args: string[]): Promise<number>
}

const verbs: Record<string, Verb> = {
  serve: { summary: 'serve webhooks and run agents; without credentials, show the set-up page', run: serve },
  demo: { summary: 'the whole journey on this machine, without an account (see demo --help)', run: demo },
  schema: { summary: 'print the JSON Schema of .github/tutti.yml', run: schema },
  help: { summary: 'this text', run: help },
}

/** Runs one verb. @returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const [name = 'help', ...rest] = args
  const verb = verbs[name === '--help' || name === '-h' ? 'help' : name]
  if (!verb) {
    const meant = nearest(name, Object.keys(verbs))
    console.error(`tutti: there is no "${name}"${meant ? `; did you mean "${meant}"?` : ''} See: tutti help`)
    return 2
  }
  try {
    return await verb.run(rest)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    console.error(`tutti: ${error.message}`)
    if (error.hint) console.error(error.hint)
    return 1
  }
}

async function help(): Promise<number> {
  const rows = Object.entries(verbs).map(([name, verb]) => `  ${name.padEnd(8)}${verb.summary}`)
  console.log(
    [
      'Usage: tutti <verb>',
      '',
      ...rows,
      '',
      'Settings come from the environment and from .env; the README lists them.',
    ].join('\n'),
  )
  return 0
}

async function schema(): Promise<number> {
  console.log(JSON.stringify(settingsJsonSchema(), null, 2))
  return 0
}

async function demo(args: string[]): Promise<number> {
  const { runDemo } = await import('../playground/demo/demo.ts')
  const { PlaygroundError } = await import('../playground/errors.ts')
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  try {
    return await runDemo(args, { main, path: readEnv().source.PATH ?? '' })
  } catch (error) {
    if (!(error instanceof PlaygroundError)) throw error
    throw new OperatorError(error.message, error.hint, { cause: error })
  }
}

async function serve(): Promise<number> {
  loadDotEnv(process.cwd())
  const env = readEnv()
  const log = logger(env)
  if (!env.credentials) {
    const { showSetup } = await import('../github/setup-page.ts')
    await showSetup(env, log)
    return untilSignal(() => Promise.resolve())
  }
  const { startTutti } = await import('../app.ts')
  const tutti = await startTutti(env, log)
  return untilSignal(() => tutti.close())
}

function logger(env: Env): Logger {
  // Structured lines for machines; where a person looks at a terminal, pino-pretty can be piped behind.
  return pino({ level: env.LOG_LEVEL, base: undefined, redact: ['*.privateKey', '*.token', '*.headers.authorization'] })
}

/** Waits for SIGTERM or SIGINT, then closes; a second signal ends at once. */
async function untilSignal(close: () => Promise<void>): Promise<number> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  await close()
  // Nothing should hold the process; if something does, it must not keep a stopped service alive.
  setTimeout(() => process.exit(0), 2_000).unref()
  return 0
}
