/** The options of `npm run chaos`. */

import { readOptions, refuse } from '../command-line.ts'
import { type ProcessRole, processRoles } from './tutti.ts'

const usage = `usage: npm run chaos -- [--seed S] [--items N] [--for 10m] [--database URL | --own-postgres] [--json]
         random faults in a whole world; SIGUSR2 ends them early, and what was begun is counted
         --own-postgres      makes a Postgres server for the run alone, and ends it in every way (initdb must be installed)
         --kills K           spreads K kills over the work; without it each process dies again and again
         --restarts R        spreads R restarts of the own Postgres over the work
         --processes LIST    what runs, such as web,web,runner,runner; "all" (one process for everything) without it
         --repositories N    spreads the issues over N repositories
         --at-once N         issues that are open at once; all of them without it
       npm run chaos -- --sweep [--points N] [--seed S] --database URL [--json]
         a kill at each durable step of a journey
       npm run chaos -- --upgrade [--from COMMIT] [--items N] --database URL [--json]
         an earlier version and this one on one database
       npm run chaos -- --embedded [--kills N] [--seed S] [--json]
         the embedded database, killed at N random writes`

export type ChaosOptions = ReturnType<typeof readChaosOptions>

/** Reads them; what does not fit ends the process with a line that says so. */
export function readChaosOptions() {
  const values = readOptions(usage, {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    items: { type: 'string', default: '50' },
    for: { type: 'string', default: '10m' },
    database: { type: 'string' },
    'own-postgres': { type: 'boolean', default: false },
    kills: { type: 'string' },
    restarts: { type: 'string' },
    processes: { type: 'string', default: 'all' },
    repositories: { type: 'string', default: '1' },
    'at-once': { type: 'string' },
    json: { type: 'boolean', default: false },
    sweep: { type: 'boolean', default: false },
    points: { type: 'string' },
    upgrade: { type: 'boolean', default: false },
    from: { type: 'string' },
    embedded: { type: 'boolean', default: false },
  })
  const { database, json, sweep, upgrade, from, embedded, 'own-postgres': ownPostgres } = values
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) refuse('--seed takes a whole number', usage)
  if (sweep && !database)
    refuse('--sweep needs --database: the steps are seen in the conversation with a Postgres', usage)
  if (upgrade && !database) refuse('--upgrade needs --database: an embedded database serves one process', usage)
  if (ownPostgres && database)
    refuse('--own-postgres makes a server, and --database names one: give one of them', usage)
  if (values.restarts && !ownPostgres) refuse('--restarts needs --own-postgres: no other server is ended', usage)
  const roles = values.processes.split(',').map(roleOf)
  if (roles.length > 1 && !(ownPostgres || database))
    refuse('several --processes need --own-postgres or --database: an embedded database serves one', usage)
  if (!roles.some((role) => role !== 'runner') || !roles.some((role) => role !== 'web'))
    refuse('--processes needs all, or at least one web and one runner', usage)
  return {
    ...{ seed, database, ownPostgres, roles, json, sweep, upgrade, from, embedded },
    items: wholeNumber('--items', values.items) ?? 50,
    forMs: duration(values.for),
    points: wholeNumber('--points', values.points),
    kills: wholeNumber('--kills', values.kills),
    restarts: wholeNumber('--restarts', values.restarts),
    repositories: wholeNumber('--repositories', values.repositories) ?? 1,
    atOnce: wholeNumber('--at-once', values['at-once']),
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) refuse(`${name} takes a whole number from 1`, usage)
  return number
}

/** `90`, `90s`, `10m` or `2h`, in milliseconds. */
function duration(text: string): number {
  const found = /^(\d+)(s|m|h)?$/.exec(text)
  if (!found) refuse(`--for takes a time like 90s, 10m or 2h, not ${JSON.stringify(text)}`, usage)
  const unit = found[2] === 'h' ? 3_600_000 : found[2] === 'm' ? 60_000 : 1_000
  return Number(found[1]) * unit
}

function roleOf(text: string): ProcessRole {
  const role = processRoles.find((one) => one === text)
  return role ?? refuse(`--processes takes ${processRoles.join(', ')}, not ${JSON.stringify(text)}`, usage)
}
