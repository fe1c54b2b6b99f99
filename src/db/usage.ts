/**
 * Tokens and money that runs have used, as reported by their agents. A day is a calendar day UTC. Amounts are in whole
 * millionths of a currency; different currencies are never added up.
 */

import { and, eq, gt, gte, inArray, isNotNull, isNull, notInArray, sql } from 'drizzle-orm'
import { notAgents } from '../domain/run-author.ts'
import type { Database } from './connect.ts'
import type { RunRow } from './runs.ts'
import { runs } from './schema/runs.ts'
import { usage } from './schema/usage.ts'
import { workItems } from './schema/work-items.ts'

/** What a run has used so far. What the agent has not reported is absent. */
export interface ReportedUsage {
  inputTokens?: number
  outputTokens?: number
  /** Read from a provider's cache, and written to it. */
  cachedTokens?: number
  cost?: ReportedCost
}

export interface ReportedCost {
  millionths: number
  currency: string
}

/**
 * The usage after another report of the agent; `before` itself when the report is nothing new. Pure. No number
 * decreases. A cost in another currency than the first one is ignored: how much of it is counted already is unknown.
 */
export function addUsage(before: ReportedUsage, reported: ReportedUsage): ReportedUsage {
  const after = { ...before }
  for (const key of ['inputTokens', 'outputTokens', 'cachedTokens'] as const) {
    const count = reported[key]
    if (count !== undefined && count > (before[key] ?? -1)) after[key] = count
  }
  const { cost = reported.cost } = before
  if (reported.cost && cost && reported.cost.currency === cost.currency)
    after.cost = reported.cost.millionths > cost.millionths ? reported.cost : cost
  const same = (Object.keys(after) as (keyof ReportedUsage)[]).every((key) => after[key] === before[key])
  return same ? before : after
}

/**
 * What the runs of an item have used together in one session of their agent, as far as the agent reported it: a cost that was
 * computed from prices is not in it.
 */
export async function usedInSession(db: Database, workItemId: number, sessionId: string): Promise<ReportedUsage> {
  const rows = await db
    .select({ used: usage })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .where(and(eq(runs.workItemId, workItemId), eq(runs.sessionId, sessionId)))
  const sum = (key: 'inputTokens' | 'outputTokens' | 'cachedTokens') =>
    rows.reduce((total, { used }) => total + (used[key] ?? 0), 0)
  const priced = rows.filter(({ used }) => used.cost !== null && used.currency !== null && !used.priced)
  const currency = priced[0]?.used.currency
  const millionths = priced.reduce((total, { used }) => total + (used.currency === currency ? (used.cost ?? 0) : 0), 0)
  return {
    ...{ inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens'), cachedTokens: sum('cachedTokens') },
    ...(currency ? { cost: { millionths, currency } } : {}),
  }
}

/** The tokens of a row, in and out: those from a provider's cache are no limit's business. */
export function inAndOut(row: typeof usage): ReturnType<typeof sql> {
  return sql`(coalesce(${row.inputTokens}, 0) + coalesce(${row.outputTokens}, 0))`
}

/** The UTC day of a moment, as `2026-11-21`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10)
}

/** When the next UTC day begins. */
export function nextDay(time: Date): Date {
  return new Date(Date.parse(dayOf(time)) + 24 * 3_600_000)
}

/**
 * Stores what a run has used. The caller has just written to the run under its lease, in the same transaction. No
 * stored number decreases.
 */
export async function saveUsage(
  db: Database,
  run: Pick<RunRow, 'id' | 'workItemId'>,
  { cost, priced = false, ...tokens }: ReportedUsage & { priced?: boolean | undefined },
  now: Date,
): Promise<void> {
  const [item] = await db
    .select({ repositoryId: workItems.repositoryId })
    .from(workItems)
    .where(eq(workItems.id, run.workItemId))
  if (!item) return
  const same = sql`(${usage.currency} is null or ${usage.currency} = excluded.currency)`
  await db
    .insert(usage)
    .values({
      runId: run.id,
      repositoryId: item.repositoryId,
      ...tokens,
      cost: cost?.millionths,
      currency: cost?.currency,
      priced,
      day: dayOf(now),
      updatedAt: now,
    })
    .onConflictDoUpdate({
      target: usage.runId,
      // `greatest` ignores null.
      set: {
        inputTokens: sql`greatest(${usage.inputTokens}, excluded.input_tokens)`,
        outputTokens: sql`greatest(${usage.outputTokens}, excluded.output_tokens)`,
        cachedTokens: sql`greatest(${usage.cachedTokens}, excluded.cached_tokens)`,
        cost: sql`case when ${same} then greatest(${usage.cost}, excluded.cost) else ${usage.cost} end`,
        currency: sql`coalesce(${usage.currency}, excluded.currency)`,
        priced,
        earlier: sql`case when ${usage.day} < excluded.day then coalesce(${usage.cost}, 0) else ${usage.earlier} end`,
        earlierTokens: sql`case when ${usage.day} < excluded.day then ${inAndOut(usage)} else ${usage.earlierTokens} end`,
        day: sql`greatest(${usage.day}, excluded.day)`,
        updatedAt: now,
      },
    })
}

/** What the runs of one repository have used in a day, in one currency; `null` for runs that reported no cost. */
export interface Spending {
  repositoryId: number
  currency: string | null
  millionths: number
  inputTokens: number
  outputTokens: number
  cachedTokens: number
  /** In and out, of this day alone. */
  tokens: number
}

/** The money of these in one currency, in millionths. */
export function moneyIn(spent: readonly Spending[], currency: string): number {
  return spent.reduce((sum, one) => sum + (one.currency === currency ? one.millionths : 0), 0)
}

/** The tokens of these, in and out. */
export function tokensIn(spent: readonly Spending[]): number {
  return spent.reduce((sum, { tokens }) => sum + tokens, 0)
}

/** What was used on the day of `now`, by repository and currency. @param repositoryId only this repository. */
export async function spentToday(db: Database, now: Date, repositoryId?: number): Promise<Spending[]> {
  const total = (amount: typeof usage.cost | ReturnType<typeof sql>) => sql`coalesce(sum(${amount}), 0)`.mapWith(Number)
  return db
    .select({
      repositoryId: usage.repositoryId,
      currency: usage.currency,
      millionths: total(sql`${usage.cost} - ${usage.earlier}`),
      inputTokens: total(sql`${usage.inputTokens}`),
      outputTokens: total(sql`${usage.outputTokens}`),
      cachedTokens: total(sql`${usage.cachedTokens}`),
      tokens: total(sql`${inAndOut(usage)} - ${usage.earlierTokens}`),
    })
    .from(usage)
    .where(
      and(eq(usage.day, dayOf(now)), repositoryId === undefined ? undefined : eq(usage.repositoryId, repositoryId)),
    )
    .groupBy(usage.repositoryId, usage.currency)
}

/** What all runs of an item, to plan and to build it, have cost so far, in each reported currency. */
export async function spentOnItem(db: Database, workItemId: number): Promise<ReportedCost[]> {
  const rows = await db
    .select({ currency: usage.currency, millionths: sql`sum(${usage.cost})`.mapWith(Number) })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .where(and(eq(runs.workItemId, workItemId), isNotNull(usage.cost)))
    .groupBy(usage.currency)
    .orderBy(usage.currency)
  return rows.flatMap(({ currency, millionths }) => (currency === null ? [] : [{ currency, millionths }]))
}

/** What these runs have cost so far, by run. Runs that reported no cost are left out. */
export async function costsOfRuns(db: Database, runIds: readonly number[]): Promise<Map<number, ReportedCost>> {
  if (runIds.length === 0) return new Map()
  const rows = await db
    .select({ runId: usage.runId, cost: usage.cost, currency: usage.currency })
    .from(usage)
    .where(inArray(usage.runId, [...runIds]))
  return new Map(
    rows.flatMap(({ runId, cost, currency }) =>
      cost === null || currency === null ? [] : [[runId, { millionths: cost, currency }]],
    ),
  )
}

/** The outcomes of agents that finished: they have reported all that they report. */
const finishedOutcomes = [
  'finished',
  'gates failed',
  'no change',
  'planned',
  'no plan',
  'reviewed',
  'no review',
  'proposed',
  'no proposals',
]

/** The kinds of agent that worked on a repository on the day of `now` and reported no cost, by name. */
export async function agentsWithoutCost(db: Database, repositoryId: number, now: Date): Promise<string[]> {
  const rows = await db
    .selectDistinct({ agent: runs.agent })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .leftJoin(usage, eq(usage.runId, runs.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        notInArray(runs.agent, [...notAgents]),
        gte(runs.endedAt, new Date(dayOf(now))),
        inArray(runs.outcome, finishedOutcomes),
        isNull(usage.cost),
      ),
    )
    .orderBy(runs.agent)
  return rows.map(({ agent }) => agent)
}

/** The kinds of agent whose finished runs since a time reported tokens and no cost, by name. */
export async function unpricedAgents(db: Database, repositoryId: number, since: Date): Promise<string[]> {
  const rows = await db
    .selectDistinct({ agent: runs.agent })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .where(
      and(
        eq(usage.repositoryId, repositoryId),
        gte(runs.endedAt, since),
        inArray(runs.outcome, finishedOutcomes),
        isNull(usage.cost),
        gt(inAndOut(usage), 0),
      ),
    )
    .orderBy(runs.agent)
  return rows.map(({ agent }) => agent)
}

/** Whether the agent of a run finished and reported no cost. */
export async function reportsNoCost(db: Database, run: Pick<RunRow, 'id' | 'outcome' | 'stage'>): Promise<boolean> {
  const done = run.stage === 'gates' || (run.outcome !== null && finishedOutcomes.includes(run.outcome))
  return done && !(await costsOfRuns(db, [run.id])).has(run.id)
}

/** What the pull requests of a repository have cost that were merged since a time, by currency. */
export interface MergedCost {
  currency: string
  millionths: number
  /** Merged pull requests of which a cost in this currency is known. */
  merged: number
}

/** The cost of merged work: all runs of its items, also those that failed. */
export async function costOfMerged(db: Database, repositoryId: number, since: Date): Promise<MergedCost[]> {
  const rows = await db
    .select({
      currency: usage.currency,
      millionths: sql`sum(${usage.cost})`.mapWith(Number),
      merged: sql`count(distinct ${workItems.id})`.mapWith(Number),
    })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(
      and(
        eq(usage.repositoryId, repositoryId),
        isNotNull(usage.cost),
        gte(workItems.doneAt, since),
        sql`exists (select 1 from pull_requests p where p.work_item_id = ${workItems.id} and p.state = 'merged')`,
      ),
    )
    .groupBy(usage.currency)
    .orderBy(usage.currency)
  return rows.flatMap(({ currency, ...sums }) => (currency === null ? [] : [{ currency, ...sums }]))
}
