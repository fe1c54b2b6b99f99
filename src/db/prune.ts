/**
 * Deletes what has served its time. One statement for each kind of row, in batches that an index finds, so that none
 * holds locks for long. The audit log is never touched, nor what an issue that may be taken up again needs: its item,
 * its runs with their outcome, the comments and pull requests that were written for it.
 */

import { type SQL, sql } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database } from './connect.ts'

const finished = sql.raw(terminalStates.map((state) => `'${state}'`).join(', '))
/** No item that is still worked on has this id. */
const isOver = (workItemId: SQL) =>
  sql`exists (select 1 from work_items i where i.id = ${workItemId} and i.state in (${finished}))`

/** Effects that nothing comes back to: they create nothing that would be created twice, or edited later. */
const passing = `'reaction', 'check-run', 'rerun-checks', 'commit', 'close-issue', 'scoped-label', 'sub-issue', 'blocked-by'`
/** Keys of what can only come again while GitHub may deliver it again. */
const deliveryKeys = ['event:', 'redelivered:', 'cannot-ask:', 'comment:']

/** Statements that take the oldest rows: `before` a time, so `many` of them. Each is about as many rows as it returns. */
const statements = {
  /** The id of a delivery is what a redelivery is known by; GitHub makes them for three days. */
  deliveries: (before: SQL, many: number) => sql`
    delete from deliveries where delivery_id in (select delivery_id from deliveries
      where received_at < ${before} and state <> 'stored' order by received_at limit ${many}) returning 1`,
  keys: (before: SQL, many: number) => sql`
    delete from idempotency_keys where key in (select key from idempotency_keys
      where created_at < ${before} and key like any (${textArray(deliveryKeys.map((prefix) => `${prefix}%`))})
      order by created_at limit ${many}) returning 1`,
  /** Replies for programs that repeat a call. */
  commandCalls: (before: SQL, many: number) => sql`
    delete from command_calls where (caller, key) in (select caller, key from command_calls
      where created_at < ${before} order by created_at limit ${many}) returning 1`,
  effects: (before: SQL, many: number) => sql`
    delete from effects where id in (select id from effects e
      where state = 'done' and done_at < ${before} and (kind in (${sql.raw(passing)}) or key like 'reply:%')
        and (work_item_id is null or ${isOver(sql`e.work_item_id`)}) order by done_at limit ${many}) returning 1`,
  /** `/why` shows the last decision about an item. */
  decisions: (before: SQL, many: number) => sql`
    delete from decisions where id in (select id from decisions d where created_at < ${before}
      and exists (select 1 from decisions newer where newer.work_item_id = d.work_item_id and newer.id > d.id)
      order by created_at limit ${many}) returning 1`,
  gateResults: (before: SQL, many: number) => sql`
    delete from gate_results where id in (select id from gate_results g
      where created_at < ${before} and ${isOver(sql`g.work_item_id`)} order by created_at limit ${many}) returning 1`,
  gatePictures: (before: SQL, many: number) => sql`
    delete from gate_pictures where id in (select id from gate_pictures g
      where created_at < ${before} and ${isOver(sql`g.work_item_id`)} order by created_at limit ${many}) returning 1`,
  /** Those that no commit has any longer. */
  pictures: (before: SQL, many: number) => sql`
    delete from pictures where digest in (select digest from pictures p where created_at < ${before}
      and not exists (select 1 from gate_pictures g where g.digest = p.digest)
      order by created_at limit ${many}) returning 1`,
  /** The texts of a run: what the agent was given, and what it said. Numbers, times and outcome stay. */
  runTexts: (before: SQL, many: number) => sql`
    update runs set feedback = '', lesson = '', progress = '', submission = null where id in (select id from runs r
      where ended_at < ${before} and (feedback <> '' or lesson <> '' or progress <> '' or submission is not null)
        and ${isOver(sql`r.work_item_id`)} order by ended_at limit ${many}) returning 1`,
  /** The restart log: it is read for what happened lately. */
  restarts: (before: SQL, many: number) => sql`
    delete from restarts where id in (select id from restarts
      where created_at < ${before} order by created_at limit ${many}) returning 1`,
  /** What an unfinished roadmap has spent is the sum of its parts: nothing is forgotten while it lasts. */
  usage: (before: SQL, many: number) => sql`
    delete from usage where run_id in (select run_id from usage u
      where day < to_char(${before} at time zone 'utc', 'YYYY-MM-DD')
        and not exists (select 1 from work_items i where i.repository_id = u.repository_id
          and i.kind = 'epic' and i.state not in (${finished})) order by day limit ${many}) returning 1`,
  /** What the crew has broadcast is history for whoever was away. */
  crewEvents: (before: SQL, many: number) => sql`
    delete from crew_events where id in (select id from crew_events
      where created_at < ${before} order by created_at limit ${many}) returning 1`,
  /** Messages about nothing in particular, and about items that are over. Their deliveries go with them. */
  messages: (before: SQL, many: number) => sql`
    delete from messages where id in (select id from messages m where created_at < ${before}
      and (work_item_id is null or ${isOver(sql`m.work_item_id`)}) order by created_at limit ${many}) returning 1`,
  /** Commits for other processes: needed until the item of their run is over. */
  commitPacks: (before: SQL, many: number) => sql`
    delete from commit_packs where id in (select id from commit_packs p where created_at < ${before}
      and not exists (select 1 from runs r join work_items i on i.id = r.work_item_id
        where r.head_sha = p.sha and i.state not in (${finished})) order by created_at limit ${many}) returning 1`,
  runLogPieces: (before: SQL, many: number) => sql`
    delete from run_log_pieces where (run_id, at) in (select run_id, at from run_log_pieces
      where created_at < ${before} order by created_at limit ${many}) returning 1`,
  notifications: (before: SQL, many: number) => sql`
    delete from notifications where id in (select id from notifications n where created_at < ${before}
      and ${isOver(sql`n.work_item_id`)} order by created_at limit ${many}) returning 1`,
}

/** A kind of rows that is pruned. */
export type Prunable = keyof typeof statements

/**
 * Deletes one batch of the oldest rows of a kind.
 * @param days how old a row must be, by the clock of the database.
 * @param many at most so many.
 * @returns how many there were.
 */
export async function pruneBatch(db: Database, what: Prunable, days: number, many: number): Promise<number> {
  const before = sql`(now() - ${days} * interval '1 day')`
  const { rows } = (await db.execute(statements[what](before, many))) as unknown as { rows: unknown[] }
  return rows.length
}

function textArray(values: readonly string[]): SQL {
  return sql`array[${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )}]`
}
