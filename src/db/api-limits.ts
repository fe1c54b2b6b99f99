/**
 * Calls to GitHub, counted for all processes together and across restarts. A call is one statement: it is counted if it
 * fits, by the database's clock, and the lock of its row keeps two processes from taking the same place.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Env } from '../config/env.ts'
import { type CallBudget, type CallRecord, pointsOf, windowsMs } from '../domain/call-limits.ts'
import type { Database } from './connect.ts'
import { apiLimits } from './schema/api-limits.ts'

/** The limits as the client of GitHub counts towards them. @param clock instead of the database's. */
export function sharedLimits(db: Database, clock?: () => Date) {
  return {
    count: (budget: CallBudget) => countCall(db, budget, clock?.()),
    pause: (ms: number) => pauseCalls(db, ms, clock?.()),
  }
}

/** The limits of the server that this environment names. An Enterprise Server may allow more than GitHub.com does. */
export function limitsOf(env: Pick<Env, 'apiUrl' | 'API_LIMIT_FACTOR'>, db: Database) {
  const isGitHubCom = new URL(env.apiUrl).hostname === 'api.github.com'
  return { ...sharedLimits(db), factor: isGitHubCom ? 1 : env.API_LIMIT_FACTOR }
}

/**
 * Counts a call if there is room for it.
 * @param now a clock to go by instead of the database's.
 * @returns undefined when it was counted and may be made; otherwise what is in its way.
 */
async function countCall(
  db: Database,
  budget: CallBudget,
  now?: Date,
): Promise<{ record: CallRecord; now: number } | undefined> {
  if (await countIfItFits(db, budget, now)) return undefined
  const known = await readRecord(db, now)
  if (known) return known
  await db.insert(apiLimits).values({ name: row }).onConflictDoNothing()
  return (await countIfItFits(db, budget, now)) ? undefined : readRecord(db, now)
}

const row = 'github'
const minute = sql`${`${windowsMs.minute} milliseconds`}::interval`
const hour = sql`${`${windowsMs.hour} milliseconds`}::interval`

function clock(now: Date | undefined): SQL {
  return now ? sql`${now.toISOString()}::timestamptz` : sql`clock_timestamp()`
}

async function countIfItFits(db: Database, budget: CallBudget, now: Date | undefined): Promise<boolean> {
  const inside = (times: SQL, window: SQL) =>
    sql`(select count(*) from unnest(${times}) t where t > clock.now - ${window})`
  const kept = (times: SQL, window: SQL, add: boolean) =>
    sql`array(select t from unnest(${times}) t where t > clock.now - ${window}) || ${
      add ? sql`array[clock.now]` : sql`'{}'::timestamptz[]`
    }`
  const [reads, writes] = [sql`l.reads`, sql`l.writes`]
  const { kind, points, writesPerMinute, writesPerHour } = budget
  // What costs nothing is not noted: it is only asked whether GitHub wants a pause.
  if (kind === 'token') return mayCall(db, now)
  const used = sql`${inside(reads, minute)} + ${pointsOf.write} * ${inside(writes, minute)}`
  const room = {
    read: sql`${used} <= ${points - pointsOf.read}`,
    write: sql`${used} <= ${points - pointsOf.write} and ${inside(writes, minute)} < ${writesPerMinute}
      and ${inside(writes, hour)} < ${writesPerHour}`,
  }[kind]
  const { rows } = (await db.execute(sql`
    with clock as (select ${clock(now)} as now)
    update ${apiLimits} l
    set reads = ${kept(reads, minute, kind === 'read')}, writes = ${kept(writes, hour, kind === 'write')}
    from clock where l.name = ${row} and l.paused_until <= clock.now and ${room}
    returning 1`)) as unknown as { rows: unknown[] }
  return rows.length > 0
}

async function mayCall(db: Database, now: Date | undefined): Promise<boolean> {
  const open = sql`select 1 from ${apiLimits} where name = ${row} and paused_until <= ${clock(now)}`
  return ((await db.execute(open)) as unknown as { rows: unknown[] }).rows.length > 0
}

async function readRecord(db: Database, now?: Date) {
  const ms = (time: SQL) => sql`extract(epoch from ${time})::float8 * 1000`
  const all = (times: SQL) => sql`(select coalesce(json_agg(${ms(sql`t`)}), '[]') from unnest(${times}) t)`
  const { rows } = (await db.execute(sql`
    select ${ms(clock(now))} as now, ${ms(sql`paused_until`)} as "pausedUntil",
      ${all(sql`reads`)} as reads, ${all(sql`writes`)} as writes
    from ${apiLimits} where name = ${row}`)) as unknown as { rows: (CallRecord & { now: number })[] }
  const [found] = rows
  return found && { record: found, now: found.now }
}

/** Notes that GitHub wants no call for so many milliseconds. A longer pause is not cut short. */
async function pauseCalls(db: Database, ms: number, now?: Date): Promise<void> {
  const until = sql`${clock(now)} + ${`${ms} milliseconds`}::interval`
  await db.execute(sql`insert into ${apiLimits} as l (name, paused_until) values (${row}, ${until})
    on conflict (name) do update set paused_until = greatest(l.paused_until, excluded.paused_until)`)
}
