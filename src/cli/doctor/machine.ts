/** Checks of this machine: programs, disk, database, agents. Nothing is asked of GitHub. */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pino } from 'pino'
import type { AgentKind } from '../../agents/agent.ts'
import { prepareDataDirectory } from '../../config/data-directory.ts'
import { type Env, rawEnvironment } from '../../config/env.ts'
import { unknownVariables } from '../../config/unknown-variables.ts'
import type { DatabaseSession } from '../../db/backup/session.ts'
import { findOnPath, runnableFile } from '../../lib/find-on-path.ts'
import { clocksDiffer, followTimeServer, noteworthyMs } from '../../messages/clocks.ts'
import { databasePlace } from '../lib/local-store.ts'
import { advice, type Finding, failedCheck, fine, problem } from './finding.ts'

/** The variables that are set. */
export function checkVariables(): Finding[] {
  const unknown = unknownVariables(rawEnvironment()).map(({ name, meant }) =>
    advice('settings', `${name} is set, and no such variable is read`, meant && `Did you mean ${meant}?`),
  )
  const file = resolve('.env')
  const open = existsSync(file) && (statSync(file).mode & 0o077) !== 0
  const mode = open ? [advice('settings', `${file} can be read by others`, `Run: chmod 600 ${file}`)] : []
  return unknown.length + mode.length > 0 ? [...unknown, ...mode] : [fine('settings', 'every variable is read')]
}

/** Git, which does the work on branches: worktrees and `merge-tree` need 2.39. */
export function checkGit({ source }: Env): Finding {
  const git = findOnPath('git', source.PATH)
  if (!git) return problem('git', 'git is not installed', 'Install it, for example: apt-get install git')
  const version = /(\d+)\.(\d+)[.\d]*/.exec(spawnSync(git, ['--version'], { encoding: 'utf8' }).stdout)
  const [shown = '', major = '0', minor = '0'] = version ?? []
  if (Number(major) * 100 + Number(minor) < 239)
    return problem('git', `git ${shown} is too old`, 'Install git 2.39 or newer.')
  return fine('git', `git ${shown}`)
}

/** The data directory, and the disk that it is on. */
export function checkDisk(env: Env): Finding {
  try {
    prepareDataDirectory(env)
    const { bavail, blocks, bsize } = statfsSync(env.dataDirectory)
    const percent = (bavail / Math.max(1, blocks)) * 100
    const free = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GB free in ${env.dataDirectory}`
    if (percent >= env.MIN_FREE_DISK_PERCENT) return fine('disk', free)
    return advice('disk', `only ${free}`, 'Make room, or put DATA_DIR on another disk: logs are kept for one day only.')
  } catch (error) {
    return failedCheck('disk', error)
  }
}

/** The database: reached, ours, not newer than this program, and at the same time of day. */
export async function checkDatabase(env: Env): Promise<Finding[]> {
  const { openDatabaseSession } = await import('../../db/backup/session.ts')
  const kind = env.DATABASE_URL ? 'Postgres' : 'the embedded database'
  if (!env.DATABASE_URL && !existsSync(resolve(env.dataDirectory, 'pglite')))
    return [fine('database', 'an embedded database is made at the first start')]
  try {
    const session = await openDatabaseSession(databasePlace(env))
    try {
      const tables = await checkTables(session, kind)
      const [row] = await session.query('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms')
      return [tables, ...checkClock(Date.now() - Number(row?.ms))]
    } finally {
      await session.close()
    }
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string }
    // A running Tutti holds it: that is how it should be.
    if (!env.DATABASE_URL && message.includes('in use by'))
      return [fine('database', `${kind} is used by a running Tutti`)]
    return [problem('database', message, hint)]
  }
}

async function checkTables(session: DatabaseSession, kind: string): Promise<Finding> {
  const { migrationNames } = await import('../../db/backup/migrations.ts')
  const [there] = await session.query(`select to_regclass('drizzle.__drizzle_migrations') is not null as there`)
  if (there?.there !== true) return fine('database', `${kind} answers; its tables are made at the first start`)
  const [row] = await session.query('select count(*)::int as n from drizzle.__drizzle_migrations')
  const waiting = migrationNames().length - Number(row?.n)
  if (waiting < 0)
    return problem('database', 'a newer Tutti has changed this database', 'Run that version, or a later one.')
  return fine('database', `${kind} answers${waiting > 0 ? `; ${waiting} migrations run at the next start` : ''}`)
}

/**
 * Nothing where the clocks agree.
 * @param aheadMs what this machine is ahead of the database, in ms.
 */
export function checkClock(aheadMs: number): Finding[] {
  if (Math.abs(aheadMs) < noteworthyMs) return []
  return [advice('clock', clocksDiffer(aheadMs), followTimeServer)]
}

/** The sandbox of agents, gates and set-up steps. */
export async function checkSandbox(env: Env): Promise<Finding> {
  const { sandboxFor } = await import('../../sandbox/sandbox-for.ts')
  const { on, mode, why = '', install = '' } = sandboxFor(env, pino({ level: 'silent' })).status
  if (on) return fine('sandbox', 'agents, gates and set-up steps run in a sandbox')
  if (mode === 'off')
    return advice('sandbox', 'SANDBOX=off: agents can do what Tutti can', 'Set SANDBOX=auto or required.')
  return (mode === 'required' ? problem : advice)('sandbox', `there is no sandbox: ${why}`, `To have one: ${install}.`)
}

/** The kinds of agent that serve here: their programs and their keys. Whether they answer is tried by `tutti agents check`. */
export async function checkAgents(env: Env): Promise<Finding[]> {
  try {
    const [{ loadAgents }, { readAgentSettings }] = await Promise.all([
      import('../../agents/registry.ts'),
      import('../../config/agent-settings.ts'),
    ])
    const operator = readAgentSettings(env)
    const kinds = await loadAgents({ files: env.AGENT_FILES, apiUrl: env.apiUrl, operator })
    return [...new Set([env.AGENT, ...Object.keys(operator)])].map((name) => {
      const kind = kinds.get(name)
      if (!kind)
        return problem('agents', `there is no kind of agent "${name}"`, `There are: ${[...kinds.keys()].join(', ')}.`)
      return checkKind(kind, env)
    })
  } catch (error) {
    return [failedCheck('agents', error)]
  }
}

function checkKind(kind: AgentKind, { source }: Env): Finding {
  const { id, title, install } = kind
  const command = kind.start({ env: source })
  if (!command) return fine('agents', `${title} starts what a repository names in agents.${id}.command`)
  const program = command.file.startsWith('/') ? runnableFile(command.file) : findOnPath(command.file, source.PATH)
  if (!program) return problem('agents', `${title}: the program ${command.file} is not there`, `${install}.`)
  const keys = kind.env.filter((name) => /_(?:API_KEY|TOKEN)$|_USE_(?:BEDROCK|VERTEX)$/.test(name))
  const lent = kind.operator !== undefined && Object.keys(kind.operator).length > 0
  if (keys.length === 0 || lent || keys.some((name) => source[name])) {
    return fine('agents', `${title}: ${program}; whether it answers: tutti agents check ${id}`)
  }
  return problem('agents', `${title}: none of its keys is set`, `Set one of ${keys.slice(0, 4).join(', ')}.`)
}

/** Files of test secrets that others may read: they are refused when they are needed. */
export function checkSecretsDirectory({ secretsDirectory }: Env): Finding[] {
  if (!existsSync(secretsDirectory)) return []
  const open = readdirSync(secretsDirectory, { recursive: true, encoding: 'utf8' })
    .map((name) => resolve(secretsDirectory, name))
    .filter((path) => statSync(path).isFile() && (statSync(path).mode & 0o077) !== 0)
  return open.map((path) => problem('settings', `${path} can be read by others`, `Run: chmod 600 ${path}`))
}
