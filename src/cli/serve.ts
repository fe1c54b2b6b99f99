/** `tutti serve`: receives webhooks and runs agents; without credentials, shows the set-up page. */

import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { type Logger, pino } from 'pino'
import { prepareDataDirectory } from '../config/data-directory.ts'
import { type Env, loadDotEnv, rawEnvironment, readEnv } from '../config/env.ts'
import { unknownVariables } from '../config/unknown-variables.ts'
import { type ProcessPart, partRoles } from '../domain/process-role.ts'
import { OperatorError } from '../lib/errors.ts'
import { runnerLabel } from '../lib/runner-labels.ts'
import { VerbError } from './exit-codes.ts'
import { defineVerb } from './verb.ts'

const more = `By default one process does everything. On a Postgres the work can be split (docs/scale.md):

  tutti serve --only web                   webhooks, pages, REST and MCP, decisions, writes to GitHub
  tutti serve --only runner --slots 4      agents and checks, four agents at once; PORT has health and metrics`

export const serve = defineVerb({
  declare: (command) =>
    command
      .option('--only <role>', 'do one part of the work: web or runner')
      .option('--slots <number>', 'agents at once in this process (default: as many as memory allows)')
      .option('--labels <names>', 'take only issues that ask for these labels, as gpu,linux (docs/scale.md)'),
  more,
  run: async ({ options }) => {
    loadDotEnv(process.cwd())
    const env = readEnv()
    const part = readPart(options, env)
    const log = logger(env)
    for (const { name, meant } of unknownVariables(rawEnvironment()))
      log.warn(`${name} is set, and no such variable is read${meant ? `; did you mean ${meant}?` : ''}`)
    prepareDataDirectory(env)
    if (!env.credentials && part.role === 'runner')
      throw new OperatorError(
        'a runner needs the credentials of the app: APP_ID, PRIVATE_KEY and WEBHOOK_SECRET',
        'Give it those of the web process, which has the set-up page.',
      )
    if (!env.credentials && !(await setUp(env, log))) return 0
    const { startTutti } = await import('../app.ts')
    // Once more: the set-up page may have written the credentials.
    const tutti = await startTutti(readEnv(), log, part)
    // Now and not at the end, which may be a SIGKILL.
    flushCompileCache()
    // See main.ts: everything is loaded now.
    for (const flag of ['--semi-space-growth-factor=2', '--no-optimize-for-size']) setFlagsFromString(flag)
    return untilItsEnd(tutti, log)
  },
})

/**
 * What this process does, by its options.
 * @throws {OperatorError} for a role that there is not, or where a part of the work cannot be done alone.
 */
export function readPart(
  { only, slots, labels }: { only?: string; slots?: string; labels?: string },
  env: Pick<Env, 'DATABASE_URL'>,
): ProcessPart {
  const role = only === undefined ? 'all' : partRoles.find((one) => one === only)
  if (!role) throw new VerbError('usage', `--only is "${only}"; it must be web or runner`)
  if (slots !== undefined && (!/^[1-9]\d{0,2}$/.test(slots) || role === 'web'))
    throw new VerbError(
      'usage',
      role === 'web' ? '--slots is for processes that have agents' : `--slots is "${slots}"; it must be from 1 to 999`,
    )
  if (role !== 'all' && !env.DATABASE_URL)
    throw new OperatorError(
      `--only ${role} needs a Postgres: the embedded database serves one process`,
      'Set DATABASE_URL, the same for all processes.',
    )
  return {
    role,
    ...(slots === undefined ? {} : { slots: Number(slots) }),
    ...(labels === undefined ? {} : { labels: readLabels(labels, role) }),
  }
}

function readLabels(text: string, role: ProcessPart['role']): string[] {
  if (role === 'web') throw new VerbError('usage', '--labels is for processes that have agents')
  const labels = text.split(',').map((label) => label.trim().toLowerCase())
  const wrong = labels.find((label) => !runnerLabel.test(label))
  if (wrong !== undefined)
    throw new VerbError('usage', `--labels has "${wrong}"; a label is small letters, digits, dots and dashes`)
  return labels
}

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
  /** Lets its work end first, for as long as the operator allows. */
  drain?(): Promise<unknown>
  close(): Promise<unknown>
  /** Settles when it cannot go on by itself. */
  readonly lost?: Promise<OperatorError>
}

/** An orderly end takes no longer than this, whatever hangs; supervisors wait for 10 to 30 seconds and then kill. */
const closeWithinMs = 12_000

/**
 * Waits for SIGTERM or SIGINT, or until the service cannot go on, then drains and closes it; a second signal ends at once.
 * @returns the exit code: 0 when it was asked to end, and did in order.
 */
async function untilItsEnd(service: Service, log?: Logger): Promise<number> {
  const asked = new Promise<undefined>((resolve) => {
    for (const signal of endSignals) process.once(signal, () => resolve(undefined))
  })
  const lost = await Promise.race(service.lost ? [asked, service.lost] : [asked])
  for (const signal of endSignals) process.once(signal, () => process.exit(1))
  if (lost) log?.fatal(`${lost.message}. ${lost.hint ?? ''}`.trim())
  else await service.drain?.().catch((err) => log?.warn({ err }, 'the work could not be waited for'))
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
