/**
 * The operator's settings: the only reader of `process.env`. Everything has a default except the app's credentials,
 * whose absence means "not set up yet".
 */

import { createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { OperatorError } from '../lib/errors.ts'
import { defaultCurrency, maxAmount } from '../lib/money.ts'

const seconds = (value: number) => z.coerce.number().positive().default(value)
const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .default('')
  .transform((value) => value === 'true' || value === '1')

const schema = z.object({
  APP_ID: z.string().optional(),
  PRIVATE_KEY: z.string().optional(),
  PRIVATE_KEY_PATH: z.string().optional(),
  WEBHOOK_SECRET: z.string().optional(),
  /** Host of a GitHub Enterprise Server, as Probot names it. */
  GHE_HOST: z.string().optional(),
  GHE_PROTOCOL: z.enum(['http', 'https']).default('https'),
  /** The whole API base URL, for servers that speak GitHub's API elsewhere; wins over GHE_HOST. */
  GITHUB_API_URL: z.url().optional(),

  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  DATABASE_URL: z.string().optional(),
  DATA_DIR: z.string().default('data'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),

  /** Which agent works where a repository does not say. */
  AGENT: z.string().default('claude-code'),
  /** More kinds of agent: paths of files in the shape of those in `src/agents/`, with commas between them. */
  AGENT_FILES: z
    .string()
    .default('')
    .transform((value) =>
      value
        .split(',')
        .map((path) => path.trim())
        .filter(Boolean)
        .map((path) => resolve(path)),
    ),
  MAX_AGENTS: z.coerce.number().int().min(1).max(1000).default(4),
  /** What agents may cost in a day (UTC), all repositories together, before no other one is started. */
  MAX_SPEND_PER_DAY: z.coerce.number().positive().max(maxAmount).optional(),
  /** Of that amount; costs that agents tell in another currency are not counted. */
  SPEND_CURRENCY: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{0,9}$/, 'must be in capitals, such as USD')
    .default(defaultCurrency),
  MEMORY_PER_AGENT_MB: z.coerce.number().int().min(0).default(1024),
  HEARTBEAT_SECONDS: seconds(5),
  HEARTBEAT_TIMEOUT_SECONDS: seconds(30),
  RETRY_DELAY_SECONDS: z.coerce.number().min(0).default(5),
  STOP_GRACE_SECONDS: seconds(5),

  /** Missed deliveries and drift are looked for this often while work is open ... */
  SWEEP_MINUTES: seconds(5),
  /** ... and this often when nothing is open and nothing came in. */
  IDLE_SWEEP_MINUTES: seconds(60),
  /** A clone URL may be plain http only on loopback, or when this says so. */
  ALLOW_HTTP_CLONE: flag,
})

/** The operator's settings, checked, with derived values filled in. */
export type Env = z.infer<typeof schema> & {
  /** Absent until the app is registered. */
  credentials?: { appId: string; privateKey: string; webhookSecret: string }
  apiUrl: string
  dataDirectory: string
  /** Everything else in the environment: agents see the few names that they declare. */
  source: Readonly<Record<string, string>>
}

/**
 * Reads and checks the environment.
 * @throws {OperatorError} naming each variable that cannot be used.
 */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  const result = schema.safeParse(withoutEmpty(source))
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new OperatorError(
      `the environment cannot be used: ${problems.join('; ')}`,
      'Mend the variable and start again.',
    )
  }
  const env = result.data
  return {
    ...env,
    credentials: credentials(env),
    apiUrl:
      env.GITHUB_API_URL ?? (env.GHE_HOST ? `${env.GHE_PROTOCOL}://${env.GHE_HOST}/api/v3` : 'https://api.github.com'),
    dataDirectory: resolve(env.DATA_DIR),
    source: Object.fromEntries(
      Object.entries(source).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  }
}

function withoutEmpty(source: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
}

function credentials(env: z.infer<typeof schema>): Env['credentials'] {
  const given = {
    APP_ID: env.APP_ID,
    'PRIVATE_KEY or PRIVATE_KEY_PATH': privateKey(env),
    WEBHOOK_SECRET: env.WEBHOOK_SECRET,
  }
  const missing = Object.entries(given)
    .filter(([, value]) => !value)
    .map(([name]) => name)
  if (missing.length === 3) return undefined
  if (missing.length > 0) {
    throw new OperatorError(
      `the app's credentials are incomplete: ${missing.join(', ')} not set`,
      'Set all three, or none of them to see the set-up page.',
    )
  }
  return {
    appId: given.APP_ID ?? '',
    privateKey: given['PRIVATE_KEY or PRIVATE_KEY_PATH'] ?? '',
    webhookSecret: given.WEBHOOK_SECRET ?? '',
  }
}

function privateKey(env: z.infer<typeof schema>): string | undefined {
  const text = keyText(env)
  if (text === undefined) return undefined
  try {
    createPrivateKey(text)
    return text
  } catch {
    throw new OperatorError(
      `${env.PRIVATE_KEY ? 'PRIVATE_KEY' : env.PRIVATE_KEY_PATH} is not a private key in PEM form`,
      'Give the whole file that GitHub handed out, with its first and last line.',
    )
  }
}

function keyText(env: z.infer<typeof schema>): string | undefined {
  if (env.PRIVATE_KEY) return decodeKey(env.PRIVATE_KEY)
  if (!env.PRIVATE_KEY_PATH) return undefined
  if (!existsSync(env.PRIVATE_KEY_PATH)) {
    throw new OperatorError(`PRIVATE_KEY_PATH names a file that does not exist: ${env.PRIVATE_KEY_PATH}`)
  }
  return readFileSync(env.PRIVATE_KEY_PATH, 'utf8')
}

/** A key may be given with real line ends, with `\n` written out, or in base64 where neither can be written. */
function decodeKey(text: string): string {
  const unescaped = text.replaceAll('\\n', '\n')
  return unescaped.includes('-----BEGIN') ? unescaped : Buffer.from(text, 'base64').toString('utf8')
}

/**
 * Loads `.env` from a directory into `process.env`; variables already set win, a missing file is fine.
 */
export function loadDotEnv(directory: string): void {
  const file = resolve(directory, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
}

/** Sets a variable for a library that reads the environment by itself. */
export function setVariable(name: string, value: string): void {
  process.env[name] = value
}
