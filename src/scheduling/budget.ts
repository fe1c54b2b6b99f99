/**
 * Budgets: adds the money that is left for today, and the expected costs of runs, to the scheduler's snapshot. A day is
 * a calendar day UTC. Nothing is read when no budget is set.
 */

import type { Env } from '../config/env.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { isReview } from '../db/runs.ts'
import { costsOfRuns, nextDay, type ReportedCost, recentCosts, type Spending, spentToday } from '../db/usage.ts'
import { currencyOf, millionths } from '../lib/money.ts'
import type { Decision } from '../scheduler/decision.ts'
import type { Budget, RepositoryState, Run, Snapshot } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'

/** The money that was spent, and the known costs of runs. */
export interface BudgetState {
  /** The operator's limit for all repositories together. */
  limit: number | undefined
  currency: string
  today: Spending[]
  /** The expected cost of one run in millionths, by currency and kind of agent. */
  typical: Map<string, Map<string, number>>
  /** The costs of the live runs so far, by run. */
  live: Map<number, ReportedCost>
}

/**
 * Reads today's spending, with one query for each kind of row and one for each currency in use.
 * @param now a time of that day.
 * @returns undefined when no budget is set.
 */
export async function readBudgets(
  tx: Tx,
  { repos, runs }: Pick<Backlog, 'repos' | 'runs'>,
  env: Pick<Env, 'MAX_SPEND_PER_DAY' | 'SPEND_CURRENCY'>,
  now: Date,
): Promise<BudgetState | undefined> {
  const limited = [...repos.values()].map(limitsOf).filter(({ spendPerDay }) => spendPerDay !== undefined)
  if (env.MAX_SPEND_PER_DAY === undefined && limited.length === 0) return undefined
  const currencies = new Set([env.SPEND_CURRENCY, ...[...repos.values()].map((one) => currencyOf(limitsOf(one)))])
  const typical = new Map<string, Map<string, number>>()
  for (const currency of currencies) {
    const costs = await recentCosts(tx.db, currency)
    typical.set(currency, new Map([...costs].map(([kind, reported]) => [kind, median(reported)])))
  }
  return {
    limit: env.MAX_SPEND_PER_DAY === undefined ? undefined : millionths(env.MAX_SPEND_PER_DAY),
    currency: env.SPEND_CURRENCY,
    today: await spentToday(tx.db, now),
    typical,
    live: await costsOfRuns(
      tx.db,
      runs.map(({ run }) => run.id),
    ),
  }
}

/** Adds the budgets to the runs and limits of a snapshot; returns them unchanged when there are none. Pure. */
export function withBudgets<Present extends Pick<Snapshot, 'repos' | 'runs'>>(
  present: Present,
  { repos, runs }: Pick<Backlog, 'repos' | 'runs'>,
  spending: BudgetState | undefined,
): Present & { budget?: Budget } {
  if (!spending) return present
  const budgets = new Map([...repos.values()].map((repo) => [repo.fullName, budgetOf(repo, spending)]))
  const live = new Map(runs.map((row) => [runName(row), row.run]))
  return {
    ...present,
    ...(spending.limit === undefined ? {} : { budget: totalBudget(spending, spending.limit) }),
    repos: Object.fromEntries(
      Object.entries(present.repos ?? {}).map(([name, repo]) => [name, { ...repo, ...budgets.get(name) }]),
    ),
    runs: present.runs.map((run) => {
      const row = run.agent === false ? undefined : live.get(run.item)
      const budget = budgets.get(run.repository)
      // A finished agent spends nothing more.
      if (!row || !budget || !['waiting', 'agent'].includes(row.stage)) return run
      return { ...run, reserved: reservedFor(run, budget, spending.live.get(row.id)) }
    }),
  }
}

/** Queues a scheduler pass for the next day when a budget blocks an item. */
export async function wakeWhenFull(tx: Tx, decisions: readonly Decision[], now: Date): Promise<void> {
  const isBlocked = decisions.some(
    ({ action, reasons }) => action === 'wait' && reasons.some(({ kind }) => kind === 'budget'),
  )
  if (isBlocked) await tx.enqueue({ queue: 'schedule' }, { after: nextDay(now) })
}

/**
 * What the scheduler calls a run: by its item, which it must not start a second time. The review of an item counts as an
 * agent and holds nothing of the item.
 */
export function runName({ run, item }: Backlog['runs'][number]): string {
  return isReview(run) ? `review-${run.id}` : String(item.id)
}

type OwnBudget = Pick<RepositoryState, 'budgetLeft' | 'budgetLimit' | 'currency' | 'perRun' | 'perRunOfKind'>

function totalBudget({ currency, today }: BudgetState, limit: number): Budget {
  return { left: limit - sumOf(today, currency), limit, currency, perRun: 0 }
}

/** A repository's own budget, if it has one, and the expected cost of its runs. */
function budgetOf(repo: RepositoryRow, { today, typical }: BudgetState): OwnBudget {
  const limits = limitsOf(repo)
  const currency = currencyOf(limits)
  const [limit, perRun = 0] = [limits.spendPerDay, limits.spendPerRun].map((amount) => amount && millionths(amount))
  const own = today.filter(({ repositoryId }) => repositoryId === repo.id)
  return {
    currency,
    perRun,
    perRunOfKind: Object.fromEntries(typical.get(currency) ?? []),
    ...(limit === undefined ? {} : { budgetLeft: limit - sumOf(own, currency), budgetLimit: limit }),
  }
}

/** The expected remaining cost of a run. The cost that it has reported is part of the spending already. */
function reservedFor(
  run: Run,
  { currency, perRun = 0, perRunOfKind }: OwnBudget,
  reported: ReportedCost | undefined,
): number {
  const expected = perRunOfKind?.[run.agentKind] ?? perRun
  return Math.max(0, expected - (reported && reported.currency === currency ? reported.millionths : 0))
}

function sumOf(spent: readonly Spending[], currency: string): number {
  return spent.reduce((sum, one) => sum + (one.currency === currency ? one.millionths : 0), 0)
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return Math.round(((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2)
}

function limitsOf({ settings }: Pick<RepositoryRow, 'settings'>): Settings['limits'] {
  return settings?.limits ?? noLimits
}

const noLimits = defaultSettings().limits
