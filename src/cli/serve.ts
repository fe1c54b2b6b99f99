/** `tutti serve`: receives webhooks and runs agents; without credentials, shows the set-up page. */

import { type Logger, pino } from 'pino'
import { type Env, loadDotEnv, readEnv } from '../config/env.ts'
import type { Verb } from './verb.ts'

export const serve: Verb = {
  summary: 'serve webhooks and run agents; without credentials, show the set-up page',
  run: async () => {
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
  },
}

function logger(env: Env): Logger {
  // Structured lines for machines. On a terminal, pipe them into pino-pretty.
  return pino({ level: env.LOG_LEVEL, base: undefined, redact: ['*.privateKey', '*.token', '*.headers.authorization'] })
}

/** Waits for SIGTERM or SIGINT, then closes; a second signal ends at once. */
async function untilSignal(close: () => Promise<void>): Promise<number> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  await close()
  // Nothing should keep the process alive. If something does, the stopped service must end all the same.
  setTimeout(() => process.exit(0), 2_000).unref()
  return 0
}
