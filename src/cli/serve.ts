/** `tutti serve`: receives webhooks and runs agents; without credentials, shows the set-up page. */

import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { type Logger, pino } from 'pino'
import { prepareDataDirectory } from '../config/data-directory.ts'
import { type Env, loadDotEnv, rawEnvironment, readEnv } from '../config/env.ts'
import { unknownVariables } from '../config/unknown-variables.ts'
import type { OperatorError } from '../lib/errors.ts'
import { defineVerb } from './verb.ts'

export const serve = defineVerb({
  declare: (command) => command,
  run: async () => {
    loadDotEnv(process.cwd())
    const log = logger(readEnv())
    for (const { name, meant } of unknownVariables(rawEnvironment()))
      log.warn(`${name} is set, and no such variable is read${meant ? `; did you mean ${meant}?` : ''}`)
    prepareDataDirectory(readEnv())
    if (!readEnv().credentials && !(await setUp(readEnv(), log))) return 0
    const { startTutti } = await import('../app.ts')
    const tutti = await startTutti(readEnv(), log)
    // Now and not at the end, which may be a SIGKILL.
    flushCompileCache()
    // See main.ts: everything is loaded now.
    for (const flag of ['--semi-space-growth-factor=2', '--no-optimize-for-size']) setFlagsFromString(flag)
    return untilItsEnd(tutti, log)
  },
})

/** @returns false when it was asked to end before the app was registered. */
async function setUp(env: Env, log: Logger): Promise<boolean> {
  const { showSetup } = await import('../github/setup-page.ts')
  const ended = new AbortController()
  const end = () => ended.abort()
  for (const signal of endSignals) process.once(signal, end)
  const registered = await showSetup(env, log, ended.signal)
  for (const signal of endSignals) process.off(signal, end)
  return registered
}

function logger(env: Env): Logger {
  // Structured lines for machines. On a terminal, pipe them into pino-pretty.
  return pino({ level: env.LOG_LEVEL, base: undefined, redact: ['*.privateKey', '*.token', '*.headers.authorization'] })
}

const endSignals = ['SIGTERM', 'SIGINT'] as const

interface Service {
  close(): Promise<unknown>
  /** Settles when it cannot go on by itself. */
  readonly lost?: Promise<OperatorError>
}

/** An orderly end takes no longer than this, whatever hangs; supervisors wait for 10 to 30 seconds and then kill. */
const closeWithinMs = 12_000

/**
 * Waits for SIGTERM or SIGINT, or until the service cannot go on, then closes it; a second signal ends at once.
 * @returns the exit code: 0 when it was asked to end, and did in order.
 */
async function untilItsEnd(service: Service, log?: Logger): Promise<number> {
  const asked = new Promise<undefined>((resolve) => {
    for (const signal of endSignals) process.once(signal, () => resolve(undefined))
  })
  const lost = await Promise.race(service.lost ? [asked, service.lost] : [asked])
  for (const signal of endSignals) process.once(signal, () => process.exit(1))
  if (lost) log?.fatal(`${lost.message}. ${lost.hint ?? ''}`.trim())
  const hanging = setTimeout(() => {
    log?.error(`the orderly end took longer than ${closeWithinMs / 1_000} s; ending without it`)
    process.exit(1)
  }, closeWithinMs)
  await service.close()
  clearTimeout(hanging)
  const code = lost ? 1 : 0
  // Nothing should hold the process; if something does, it must not keep a stopped service alive.
  setTimeout(() => process.exit(code), 2_000).unref()
  return code
}
