/**
 * Rows that should be moving and have no owner: no process works on them, and no job waits that would have one do
 * so. One statement for each kind, by the database's clock. A row and the job that moves it commit together, so one
 * snapshot sees both or neither.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { ItemState } from '../lib/item-state.ts'
import type { Database, Tx } from './connect.ts'
import type { RunRow } from './runs.ts'
import { locks } from './schema/processes.ts'

/** More than this many of a kind are put back a round later. */
const atOnce = 500

/** A live run that no process holds. */
export interface OwnerlessRun {
  id: number
  stage: 'waiting' | 'gates'
  purpose: RunRow['purpose']
  stop: string | null
  itemState: ItemState
}

/** An item that waits for us, and whose step is neither under way nor queued. */
export interface IdleItem {
  id: number
  state: 'queued' | 'running' | 'checking' | 'merging'
  headSha: string | null
  /** Its last attempt to build it, and how that ended. */
  runId: number | null
  outcome: string | null
  runHead: string | null
  /** The commit that was chosen, where several kinds have built it. */
  chosenHead?: string | null
  /** The write to GitHub that its state is about, if it was ever wanted. */
  effectId: number | null
  effectState: 'pending' | 'in_progress' | 'done' | 'failed' | null
  effectSha: string | null
}

/**
 * Holds off the other processes until the transaction ends: what is put back twice does no harm, but is done twice.
 * @returns whether it is this one's turn.
 */
export async function takeRescueTurn(tx: Tx): Promise<boolean> {
  await tx.db.insert(locks).values({ name: 'rescue' }).onConflictDoNothing()
  const mine = await rows(tx.db, sql`select name from locks where name = 'rescue' for update skip locked`)
  return mine.length > 0
}

/** Live runs without a lease and without a job, for `seconds`. */
export async function ownerlessRuns(db: Database | Tx['db'], seconds: number): Promise<OwnerlessRun[]> {
  return rows(
    db,
    sql`select r.id::int as id, r.stage, r.purpose, r.stop, i.state as "itemState"
      from runs r join work_items i on i.id = r.work_item_id
      where r.stage in ('waiting', 'gates') and r.lease_owner is null
        and coalesce(r.heartbeat_at, r.created_at) < ${ago(seconds)}
        and r.id not in (${liveJobs('runId', ['run-agent', 'run-gates', 'after-run', 'on-plan-submitted'])})
      order by r.id limit ${atOnce}`,
  )
}

/** Items whose actor has nothing to act on, for `seconds`. */
export async function idleItems(db: Database | Tx['db'], seconds: number): Promise<IdleItem[]> {
  return rows(
    db,
    sql`select i.id::int as id, i.state, i.head_sha as "headSha", r.id::int as "runId", r.outcome,
        r.head_sha as "runHead", (select c->>'head' from jsonb_array_elements(i.best_of->'candidates') c
          where c->>'kind' = i.best_of->>'chosen') as "chosenHead", e.id::int as "effectId", e.state as "effectState", e.result->>'sha' as "effectSha"
      from work_items i join repositories p on p.id = i.repository_id
      left join lateral (select * from runs where work_item_id = i.id and purpose = 'build'
        order by id desc limit 1) r on true
      left join lateral (select * from effects where work_item_id = i.id
        and kind = case i.state when 'merging' then 'merge' else 'pull-request' end order by id desc limit 1) e on true
      where i.state in ('queued', 'running', 'checking', 'merging') and p.state <> 'gone'
        and i.updated_at < ${ago(seconds)} and coalesce(r.ended_at, i.updated_at) < ${ago(seconds)}
        and not exists (select 1 from runs live where live.work_item_id = i.id and live.stage <> 'ended')
        and (i.state not in ('checking', 'merging') or coalesce(e.state, '') not in ('pending', 'in_progress'))
        and i.id not in (${liveJobs('workItemId', ['triage', 'open-pull-request'])})
        and coalesce(r.id, 0) not in (${liveJobs('runId', ['run-agent', 'run-gates', 'after-run'])})
        and coalesce(e.id, 0) not in (${liveJobs('effectId', ['on-pull-request-opened', 'on-pull-request-merged'])})
      order by i.id limit ${atOnce}`,
  )
}

/** Whether writes to GitHub have been due for `seconds`, or were begun, and nothing will carry them out. */
export async function effectsLackPublisher(db: Database | Tx['db'], seconds: number): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 where exists (
        select 1 from effects where (state = 'pending' and not_before < ${ago(seconds)}) or state = 'in_progress')
      and ${noJobDue('publish-effects')}`,
  )
  return found.length > 0
}

/** Whether items wait for the scheduler, and nothing will have it act. */
export async function itemsLackScheduler(db: Database | Tx['db'], seconds: number): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 where exists (
        select 1 from work_items where kind = 'task' and state in ('ready', 'planning')
          and updated_at < ${ago(seconds)} and coalesce(not_before, updated_at) < ${ago(seconds)})
      and ${noJobDue('schedule')}`,
  )
  return found.length > 0
}

/** Deliveries that were accepted more than `seconds` ago, and that no job will process. */
export async function unprocessedDeliveries(db: Database | Tx['db'], seconds: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    sql`select d.delivery_id as id from deliveries d
      where d.state = 'stored' and d.received_at < ${ago(seconds)}
        and not exists (select 1 from pgboss.job j where j.name = 'process-delivery' and j.state < 'completed'
          and jsonb_exists(j.data->'deliveryIds', d.delivery_id))
      order by d.received_at limit ${atOnce}`,
  )
  return found.map(({ id }) => id)
}

async function rows<T>(db: Database | Tx['db'], query: SQL): Promise<T[]> {
  return ((await db.execute(query)) as unknown as { rows: T[] }).rows
}

function ago(seconds: number): SQL {
  return sql`now() - ${seconds} * interval '1 second'`
}

/** What the jobs that wait or are under way in these queues are about. */
function liveJobs(field: 'runId' | 'workItemId' | 'effectId', queues: readonly string[]): SQL {
  const names = sql.join(
    queues.map((queue) => sql`${queue}`),
    sql`, `,
  )
  return sql`select (data->>${field})::bigint from pgboss.job
    where name in (${names}) and state < 'completed' and data->>${field} is not null`
}

/** No job of a queue is under way or comes within the hour: one that was snoozed for long is none to wait for. */
function noJobDue(queue: string): SQL {
  return sql`not exists (select 1 from pgboss.job
    where name = ${queue} and state < 'completed' and start_after < now() + interval '1 hour')`
}
