/**
 * The operator's settings: the only reader of `process.env`. Everything has a default except the app's credentials,
 * whose absence means "not set up yet".
 */

import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { OperatorError } from '../lib/errors.ts'
import { agentLimits } from './agent-limits.ts'
import { channelVariables } from './channel-variables.ts'
import { type AppCredentials, credentialsOf } from './credentials.ts'
import { doorVariables } from './door-variables.ts'
import { problemsOf } from './env-problems.ts'
import { commaSeparatedPaths, sandboxVariables } from './sandbox-settings.ts'
import { withSecretFiles } from './secret-variables.ts'

const seconds = (value: number) => z.coerce.number().positive().default(value)
const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .default('')
  .transform((value) => value === 'true' || value === '1')

const schema = z.object({
  APP_ID: z
    .string()
    .regex(/^(?:\d+|Iv[\w.]+)$/, 'must be the number that GitHub shows as "App ID"')
    .optional()
    .describe("The app's id. The set-up page writes it"),
  PRIVATE_KEY: z
    .string()
    .optional()
    .describe("The app's private key in PEM form: with line ends, with `\\n` written out, or in base64"),
  PRIVATE_KEY_PATH: z.string().optional().describe('A file that holds the private key, instead of `PRIVATE_KEY`'),
  WEBHOOK_SECRET: z.string().optional().describe('The secret that GitHub signs deliveries with'),
  GITHUB_CLIENT_ID: z
    .string()
    .optional()
    .describe("The app's client id, for signing in to the dashboard. The set-up page writes it"),
  GITHUB_CLIENT_SECRET: z
    .string()
    .optional()
    .describe('A client secret of the app, for signing in to the dashboard. The set-up page writes it'),
  GHE_HOST: z
    .string()
    .regex(/^[^\s/]+$/, 'must be a host alone, such as github.example.com')
    .optional()
    .describe('Host of a GitHub Enterprise Server, as Probot names it'),
  GHE_PROTOCOL: z.enum(['http', 'https']).default('https').describe('How that server is reached'),
  GITHUB_API_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/^https?:\/\/(?:www\.)?github\.com\b/.test(url), 'must be https://api.github.com, or left out')
    .optional()
    .describe("The whole API base URL, for servers that speak GitHub's API elsewhere. It wins over `GHE_HOST`"),

  HOST: z.string().default('127.0.0.1').describe('The address to listen on; `0.0.0.0` is every address'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('The port to listen on; 0 takes a free one'),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe('The address under which browsers and programs reach this server, where it is not that of `HOST`'),
  DATABASE_URL: z
    .string()
    .regex(/^(?:postgres(?:ql)?:\/\/|socket:|\/)/, 'must look like postgres://user:password@host:5432/tutti')
    .optional()
    .describe('A Postgres, as a connection string. Without it an embedded database in `DATA_DIR` is used'),
  DATABASE_TIMEOUT_SECONDS: seconds(120).describe(
    'A database that is away for this long, at start or later, ends the process with exit code 1',
  ),
  HANG_SECONDS: z.coerce
    .number()
    .min(0)
    .default(120)
    .describe(
      'A process that answers nothing for this long, not even `/healthz`, ends itself with SIGKILL, to be started again; 0 is never',
    ),
  DATA_DIR: z
    .string()
    .default('data')
    .describe('Directory of the bare clones, worktrees, run logs and the embedded database'),
  LOCK_WAIT_SECONDS: z.coerce
    .number()
    .min(0)
    .default(30)
    .describe('How long a start waits for another process that still uses `DATA_DIR`, before it is refused'),
  SHARE_DATA_DIR: flag.describe(
    '`true`: several processes of this machine may use one `DATA_DIR` at once. Only with `DATABASE_URL`',
  ),
  SECRETS_DIR: z
    .string()
    .optional()
    .describe(
      'Directory of test secrets and variables, one file `<owner>/<repository>.env` for each repository; `DATA_DIR/secrets` if not set',
    ),
  DEPENDENCY_CACHE_MB: z.coerce
    .number()
    .int()
    .min(0)
    .default(10_240)
    .describe(
      'What the caches of set-up steps may take on the disk, all repositories together, in MB; the oldest go first',
    ),
  ...doorVariables,
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least severe lines that are logged'),

  AGENT: z.string().default('claude-code').describe('The kind of agent that works where a repository does not say'),
  AGENTS_FILE: z
    .string()
    .optional()
    .describe('How kinds of agent are set up on this machine, see [agents.md](agents.md); `agents.yml` if it exists'),
  AGENT_FILES: commaSeparatedPaths.describe(
    'More kinds of agent: paths of files in the shape of those in `src/agents/`, with commas between them',
  ),
  ...agentLimits,
  ...sandboxVariables,
  HEARTBEAT_SECONDS: seconds(5).describe('How often a runner says that its run is alive, in seconds'),
  HEARTBEAT_TIMEOUT_SECONDS: seconds(30).describe('Silence after which a run has lost its runner, in seconds'),
  HEALTH_SECONDS: seconds(10).describe('How often the processes of running agents are measured, in seconds'),
  RETRY_DELAY_SECONDS: z.coerce
    .number()
    .min(0)
    .default(5)
    .describe('How long the next attempt waits after a failed one, in seconds'),
  STOP_GRACE_SECONDS: seconds(5).describe('How long an agent has to end by itself before it is killed, in seconds'),
  DRAIN_SECONDS: z.coerce
    .number()
    .min(0)
    .default(0)
    .describe(
      'How long a process that is asked to end waits for its agents and checks, in seconds, while it begins no other; then they are ended and begun again elsewhere. A process for people says on /readyz that it is ending, and answers until no request has come for 2 s. The supervisor must allow 15 s more',
    ),

  SWEEP_MINUTES: seconds(5).describe(
    'How often missed deliveries and drift are searched for while work is open, in minutes',
  ),
  IDLE_SWEEP_MINUTES: seconds(60).describe('The same while nothing is open and nothing came in, in minutes'),
  SPARE_WORKTREES: z.coerce
    .number()
    .int()
    .min(0)
    .max(20)
    .default(1)
    .describe('Worktrees that are made ahead for each repository of some thousand files, so that agents start sooner'),
  TIDY_MINUTES: seconds(60).describe('How often what is no longer needed in `DATA_DIR` is removed, in minutes'),
  KEEP_LOGS_DAYS: seconds(14).describe('How long the logs of runs are kept, in days'),
  KEEP_RESCUED_DAYS: seconds(90).describe(
    'How long work is kept that was not committed or not merged when its worktree was removed, in days',
  ),
  KEEP_CLONES_DAYS: seconds(30).describe(
    'How long the bare clone of a repository without work is kept unused, in days; it can be fetched again',
  ),
  MIN_FREE_DISK_PERCENT: z.coerce
    .number()
    .min(0)
    .max(99)
    .default(10)
    .describe('With less of the disk free, logs of the last day only are kept, and no unused clone'),
  KEEP_FINISHED_DAYS: z.coerce
    .number()
    .min(1)
    .default(30)
    .describe(
      'How long decisions, results of gates, texts of runs and small writes to GitHub are kept once their item is finished, in days. The audit log is kept for ever',
    ),
  KEEP_DELIVERIES_DAYS: z.coerce
    .number()
    .min(4, 'must be at least 4: GitHub may deliver again for three days')
    .default(7)
    .describe('How long deliveries are kept, in days, 4 at least'),
  KEEP_USAGE_DAYS: z.coerce
    .number()
    .min(2, 'must be at least 2: a limit of a day counts it')
    .default(400)
    .describe('How long the tokens and costs of each run are kept, in days'),
  API_LIMIT_FACTOR: z.coerce
    .number()
    .max(1_000)
    .refine((factor) => factor === 0 || factor >= 1, 'must be 0 or at least 1')
    .default(1)
    .describe(
      "How many times GitHub.com's limits on calls an Enterprise Server allows (80 writes a minute, 500 an hour, 900 points a minute); 0 where its limits are off, as they are by default; always 1 for GitHub.com",
    ),
  ...channelVariables,
  ALLOW_HTTP_CLONE: flag.describe('`true`: a clone URL may be plain http on any host, not only on loopback'),
})

/** One variable of the environment, for the reference in docs/. */
export interface EnvironmentVariable {
  name: string
  /** A sentence without its full stop. */
  description: string
  /** As it would be written; undefined where there is none. */
  default: string | undefined
  /** The values that it may have, where they can be listed. */
  values: readonly string[]
}

/** Every variable that is read, in the order of this file. */
export function environmentVariables(): EnvironmentVariable[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' })
  return Object.entries(properties).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return []
    const { description = '', default: value, enum: values = [] } = property
    return [
      {
        name,
        description,
        default: value === undefined || value === '' ? undefined : String(value),
        values: values.map(String).filter(Boolean),
      },
    ]
  })
}

/** The operator's settings, checked, with derived values filled in. */
export type Env = z.infer<typeof schema> & {
  /** Absent until the app is registered. */
  credentials?: AppCredentials
  apiUrl: string
  dataDirectory: string
  secretsDirectory: string
  /** Everything else in the environment: agents see the few names that they declare. */
  source: Readonly<Record<string, string>>
}

/**
 * Reads and checks the environment.
 * @throws {OperatorError} naming each variable that cannot be used, what it is now, and what it must be.
 */
export function readEnv(given: Record<string, string | undefined> = process.env): Env {
  const source = withSecretFiles(withoutEmpty(given))
  const result = schema.safeParse(source)
  if (!result.success) {
    throw new OperatorError(problemsOf(result.error.issues, source).join('; '), 'Change it, and start again.')
  }
  const env = result.data
  const ofEnterprise = env.GHE_HOST ? `${env.GHE_PROTOCOL}://${env.GHE_HOST}/api/v3` : undefined
  return {
    ...env,
    credentials: credentialsOf(env),
    apiUrl: (env.GITHUB_API_URL ?? ofEnterprise ?? 'https://api.github.com').replace(/\/+$/, ''),
    dataDirectory: resolve(env.DATA_DIR),
    secretsDirectory: resolve(env.SECRETS_DIR ?? join(env.DATA_DIR, 'secrets')),
    source,
  }
}

/** What a program needs to find a Tutti that is running, here or elsewhere. */
export type ClientEnv = Pick<Env, 'TUTTI_URL' | 'TUTTI_TOKEN' | 'dataDirectory'>

/**
 * Reads what the client needs alone: it works where Tutti itself is not set up.
 * @throws {OperatorError} naming each variable that cannot be used.
 */
export function readClientEnv(source: Record<string, string | undefined> = process.env): ClientEnv {
  const { DATA_DIR = '', TUTTI_URL = '', TUTTI_TOKEN = '' } = source
  const { dataDirectory, ...env } = readEnv({ DATA_DIR, TUTTI_URL, TUTTI_TOKEN })
  return { dataDirectory, TUTTI_URL: env.TUTTI_URL, TUTTI_TOKEN: env.TUTTI_TOKEN }
}

function withoutEmpty(source: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(source).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/**
 * Loads `.env` from a directory into `process.env`; variables already set win, a missing file is fine.
 * @throws {OperatorError} when it cannot be read.
 */
export function loadDotEnv(directory: string): void {
  const file = resolve(directory, '.env')
  if (!existsSync(file)) return
  try {
    process.loadEnvFile(file)
  } catch (cause) {
    const why = statSync(file).isDirectory() ? 'it is a folder' : (cause as Error).message
    throw new OperatorError(`${file} cannot be read: ${why}`, 'It must be a file of lines such as PORT=3000.', {
      cause,
    })
  }
}

/** The names of all variables that are read. */
export function variableNames(): string[] {
  return Object.keys(schema.shape)
}

/** The environment of this process as it is, for what must be said about variables that are not read. */
export function rawEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

/** Sets a variable for a library that reads the environment by itself. */
export function setVariable(name: string, value: string): void {
  process.env[name] = value
}
