/** What the metrics are made of, read from the database: every process counts the same. */

import { type SQL, sql } from 'drizzle-orm'
import { windowsMs } from '../domain/call-limits.ts'
import type { Database } from './connect.ts'

/** One number with what it is about. */
export interface Sample {
  labels: Record<string, string>
  value: number
}

/** A group of numbers of one metric. */
export interface Metric {
  name: string
  help: string
  /** A `counter` only grows. */
  type: 'counter' | 'gauge'
  labels: readonly string[]
  /** Rows with a column `value`, and one for each label. */
  query: SQL
}

const [minute, hour] = [sql.raw(String(windowsMs.minute / 1_000)), sql.raw(String(windowsMs.hour / 1_000))]
const size = sql`coalesce(i.effort, 'unknown')`
/** The kind of the agent that has built an item last. */
const lastAgent = sql`left join lateral (
  select agent from runs r where r.work_item_id = i.id and r.purpose = 'build' order by r.id desc limit 1) a on true`

/** All metrics that are read from the database. */
export const metrics: readonly Metric[] = [
  {
    ...{ name: 'tutti_queue_jobs', type: 'gauge', labels: ['queue'] },
    help: 'Jobs that wait, by queue',
    query: sql`select name as queue, count(*) as value from pgboss.job where state < 'active' group by name`,
  },
  {
    ...{ name: 'tutti_queue_age_seconds', type: 'gauge', labels: ['queue'] },
    help: 'For how long the oldest job of a queue could have been begun',
    query: sql`select name as queue, greatest(0, extract(epoch from now() - min(start_after))) as value
      from pgboss.job where state < 'active' and start_after <= now() group by name`,
  },
  {
    ...{ name: 'tutti_deliveries', type: 'gauge', labels: ['event', 'state'] },
    help: 'Webhook deliveries that are kept, by event and state',
    query: sql`select event, state, count(*) as value from deliveries group by event, state`,
  },
  {
    ...{ name: 'tutti_deliveries_asked_again', type: 'gauge', labels: [] },
    help: 'Deliveries that had not arrived and that GitHub was asked for again, as far as they are kept',
    query: sql`select count(distinct split_part(key, ':', 2)) as value from idempotency_keys where key like 'redelivered:%'`,
  },
  {
    ...{ name: 'tutti_deliveries_healed', type: 'gauge', labels: [] },
    help: 'Of those, how many have arrived since',
    query: sql`select count(distinct d.delivery_id) as value from deliveries d
      join idempotency_keys k on k.key like 'redelivered:%' and split_part(k.key, ':', 2) = d.delivery_id`,
  },
  {
    ...{ name: 'tutti_runs_total', type: 'counter', labels: ['agent', 'purpose', 'size', 'outcome'] },
    help: 'Attempts that have ended, by kind of agent, purpose, size of the item and outcome',
    query: sql`select r.agent, r.purpose, ${size} as size, coalesce(r.outcome, 'unknown') as outcome, count(*) as value
      from runs r join work_items i on i.id = r.work_item_id where r.stage = 'ended' group by 1, 2, 3, 4`,
  },
  {
    ...{ name: 'tutti_runs', type: 'gauge', labels: ['stage'] },
    help: 'Attempts that have not ended, by stage',
    query: sql`select stage, count(*) as value from runs where stage <> 'ended' group by stage`,
  },
  {
    ...{ name: 'tutti_leases_lost_total', type: 'counter', labels: [] },
    help: 'Attempts whose process was gone or had lost them',
    query: sql`select count(*) as value from runs where outcome = 'runner lost'`,
  },
  {
    ...{ name: 'tutti_restarts_total', type: 'counter', labels: ['agent'] },
    help: 'Agents that were started again because they crashed, hung or were lost',
    query: sql`select agent, count(*) as value from restarts group by agent`,
  },
  {
    ...{ name: 'tutti_items', type: 'gauge', labels: ['repository', 'state'] },
    help: 'Work items by state',
    query: sql`select r.full_name as repository, i.state, count(*) as value
      from work_items i join repositories r on r.id = i.repository_id where i.kind = 'task' group by 1, 2`,
  },
  {
    ...{ name: 'tutti_github_calls', type: 'gauge', labels: ['kind', 'window'] },
    help: 'Calls to GitHub in the windows in which it counts them: 900 points a minute (a read 1, a write 5), 80 writes a minute, 500 an hour',
    query: sql`select kind, "window", (select count(*) from unnest(times) t where t > now() - seconds * interval '1 second') as value
      from api_limits, lateral (values ('read', 'minute', reads, ${minute}::float8), ('write', 'minute', writes, ${minute}),
        ('write', 'hour', writes, ${hour})) as w (kind, "window", times, seconds)`,
  },
  {
    ...{ name: 'tutti_github_pause_seconds', type: 'gauge', labels: [] },
    help: 'For how long GitHub wants no calls',
    query: sql`select greatest(0, extract(epoch from paused_until - now())) as value from api_limits`,
  },
  {
    ...{ name: 'tutti_effects', type: 'gauge', labels: ['state'] },
    help: 'Writes to GitHub that wait or were given up, by state',
    query: sql`select state, count(*) as value from effects where state <> 'published' group by state`,
  },
  {
    ...{ name: 'tutti_spend_total', type: 'counter', labels: ['agent', 'currency'] },
    help: 'What runs have cost, as agents report it or prices say',
    query: sql`select r.agent, u.currency, sum(u.cost) / 1e6 as value from usage u join runs r on r.id = u.run_id
      where u.cost is not null and u.currency is not null group by 1, 2`,
  },
  {
    ...{ name: 'tutti_tokens_total', type: 'counter', labels: ['agent', 'kind'] },
    help: 'Tokens that models have read and written',
    query: sql`select r.agent, t.kind, sum(t.tokens) as value from usage u join runs r on r.id = u.run_id,
      lateral (values ('input', u.input_tokens), ('output', u.output_tokens), ('cached', u.cached_tokens)) as t (kind, tokens)
      where t.tokens is not null group by 1, 2`,
  },
  {
    ...{ name: 'tutti_cost_per_merged_pull_request', type: 'gauge', labels: ['currency'] },
    help: 'What merged work of the last 30 days has cost for each pull request, with its failed attempts',
    query: sql`select u.currency, sum(u.cost) / 1e6 / count(distinct i.id) as value
      from usage u join runs r on r.id = u.run_id join work_items i on i.id = r.work_item_id
      where u.cost is not null and u.currency is not null and i.done_at > now() - interval '30 days'
        and exists (select 1 from pull_requests p where p.work_item_id = i.id and p.state = 'merged') group by 1`,
  },
  {
    ...{ name: 'tutti_pull_requests_total', type: 'counter', labels: ['agent', 'size', 'state'] },
    help: 'Pull requests by the kind of agent of their last attempt, the size of the item, and how they ended',
    query: sql`select coalesce(a.agent, 'unknown') as agent, ${size} as size, p.state, count(*) as value
      from pull_requests p join work_items i on i.id = p.work_item_id ${lastAgent} where p.state <> 'open' group by 1, 2, 3`,
  },
  {
    ...{ name: 'tutti_pull_requests_reverted', type: 'gauge', labels: ['agent', 'size'] },
    help: 'Merged pull requests that a later commit on their base branch takes back, by kind of agent and size of the item',
    query: sql`select coalesce(a.agent, 'unknown') as agent, ${size} as size, count(*) as value
      from pull_requests p join work_items i on i.id = p.work_item_id ${lastAgent} where p.reverted_at is not null group by 1, 2`,
  },
  {
    ...{ name: 'tutti_time_to_merge_seconds', type: 'gauge', labels: ['quantile', 'size'] },
    help: 'From the label to the merge, of the last 30 days',
    query: sql`select q.name as quantile, ${size} as size,
      percentile_cont(q.at) within group (order by extract(epoch from i.done_at - i.created_at)) as value
      from work_items i, (values ('0.5', 0.5::float8), ('0.95', 0.95::float8)) as q (name, at)
      where i.state = 'done' and i.kind = 'task' and i.done_at > now() - interval '30 days' group by 1, 2, q.at`,
  },
  {
    ...{ name: 'tutti_processes', type: 'gauge', labels: [] },
    help: 'Processes of this Tutti that have said within a minute that they live',
    query: sql`select count(*) as value from processes where heartbeat_at > now() - interval '1 minute'`,
  },
]

/** Reads the numbers of a metric. */
export async function samplesOf(db: Database, { query, labels }: Metric): Promise<Sample[]> {
  const { rows } = (await db.execute(query)) as unknown as { rows: Record<string, unknown>[] }
  return rows.map((row) => ({
    labels: Object.fromEntries(labels.map((name) => [name, String(row[name] ?? '')])),
    value: Number(row.value ?? 0),
  }))
}
