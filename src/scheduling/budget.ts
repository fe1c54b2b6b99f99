/**
 * Budgets: adds the money and the tokens that are left for today, and what runs are expected to use, to the scheduler's
 * snapshot. A day is a calendar day UTC. What is reserved is computed from the rows of the live runs at each pass, so that
 * nothing stays reserved for a run that has ended in any way. Nothing is read when no budget is set.
 */

import type { Env } from '../config/env.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { recentUse, tokensOfRuns } from '../db/recent-use.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { isSideRun, type RunRow } from '../db/runs.ts'
import {
  costsOfRuns,
  moneyIn,
  nextDay,
  type ReportedCost,
  type Spending,
  spentOnItem,
  spentToday,
  tokensIn,
} from '../db/usage.ts'
import type { ItemRow } from '../db/work-items.ts'
import { expectedUse, sizeOfRun } from '../domain/expected-use.ts'
import { currencyOf, millionths } from '../lib/money.ts'
import { Admission } from '../scheduler/admission.ts'
import type { Decision, Reason } from '../scheduler/decision.ts'
import type { Allowance, Budget, RepositoryState, RunClass, Snapshot } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'

/** What was spent, and the known use of runs. */
export interface BudgetState {
  /** The operator's limits for all repositories together, in millionths and in tokens. */
  limit: number | undefined
  tokenLimit: number | undefined
  currency: string
  today: Spending[]
  /** The expected cost of one run in millionths, by currency, then by kind of agent and size. */
  typical: Map<string, Record<string, number>>
  /** The expected tokens of one run, by kind of agent and size. */
  typicalTokens: Record<string, number>
  /** The costs of the live runs so far, by run. */
  live: Map<number, ReportedCost>
  liveTokens: Map<number, number>
}

/**
 * Reads today's spending, with one query for each kind of row.
 * @param now a time of that day.
 * @returns undefined when no budget is set.
 */
export async function readBudgets(
  tx: Tx,
  { repos, runs }: Pick<Backlog, 'repos' | 'runs'>,
  env: Pick<Env, 'MAX_SPEND_PER_DAY' | 'MAX_TOKENS_PER_DAY' | 'SPEND_CURRENCY'>,
  now: Date,
): Promise<BudgetState | undefined> {
  const { MAX_SPEND_PER_DAY: limit, MAX_TOKENS_PER_DAY: tokenLimit } = env
  const isLimited = [...repos.values()].map(limitsOf).some(
    // Settings from before there was one of these have none.
    (limits) => limits.spendPerDay ?? limits.spendPerItem ?? limits.tokensPerDay,
  )
  if (limit === undefined && tokenLimit === undefined && !isLimited) return undefined
  const recent = await recentUse(tx.db)
  const live = runs.map(({ run }) => run.id)
  return {
    limit: limit === undefined ? undefined : millionths(limit),
    tokenLimit,
    currency: env.SPEND_CURRENCY,
    today: await spentToday(tx.db, now),
    typical: new Map([...recent.money].map(([currency, past]) => [currency, expectedUse(past)])),
    typicalTokens: expectedUse(recent.tokens),
    live: await costsOfRuns(tx.db, live),
    liveTokens: await tokensOfRuns(tx.db, live),
  }
}

/** Adds the budgets to the runs and limits of a snapshot; returns them unchanged when there are none. Pure. */
export function withBudgets<Present extends Pick<Snapshot, 'repos' | 'runs'>>(
  present: Present,
  { repos, runs }: Pick<Backlog, 'repos' | 'runs'>,
  spending: BudgetState | undefined,
): Present & { budget?: Budget; tokens?: Allowance } {
  if (!spending) return present
  const budgets = new Map([...repos.values()].map((repo) => [repo.fullName, budgetOf(repo, spending)]))
  const live = new Map(runs.map((row) => [runName(row), row]))
  const limited = {
    ...present,
    ...(spending.limit === undefined ? {} : { budget: totalBudget(spending, spending.limit) }),
    ...(spending.tokenLimit === undefined ? {} : { tokens: totalTokens(spending, spending.tokenLimit) }),
    repos: Object.fromEntries(
      Object.entries(present.repos ?? {}).map(([name, repo]) => [name, { ...repo, ...budgets.get(name) }]),
    ),
  }
  const admission = new Admission(limited)
  return {
    ...limited,
    runs: present.runs.map((run) => {
      const row = run.agent === false ? undefined : live.get(run.item)
      // A finished agent spends nothing more.
      if (!row || !budgets.has(run.repository) || !['waiting', 'agent'].includes(row.run.stage)) return run
      return { ...run, ...reservedFor(row, admission, run.repository, spending) }
    }),
  }
}

/** What a run is expected to use still. What it has reported is part of the spending already. */
function reservedFor(
  { run, item }: { run: RunRow; item: ItemRow },
  admission: Admission,
  repository: string,
  { live, liveTokens }: BudgetState,
): { reserved: number; reservedTokens: number } {
  const runClass = { agentKind: run.agent, size: sizeOfRun(run.purpose, item.effort) }
  const reported = live.get(run.id)
  const spent = reported && reported.currency === admission.repo(repository)?.currency ? reported.millionths : 0
  return {
    reserved: Math.max(0, admission.costOf(repository, runClass) - spent),
    reservedTokens: Math.max(0, admission.tokensOf(repository, runClass) - (liveTokens.get(run.id) ?? 0)),
  }
}

/**
 * Why another run of an item would pass the limit of the item, with what its live runs are expected to cost still; undefined
 * where it fits. The first run of an item may always start: an estimate alone holds nothing up.
 */
export async function itemBudgetReason(
  tx: Tx,
  backlog: Pick<Backlog, 'repos' | 'runs'>,
  { item, run }: { item: ItemRow; run: RunClass },
  spending: BudgetState | undefined,
): Promise<Extract<Reason, { kind: 'budget' }> | undefined> {
  const repo = backlog.repos.get(item.repositoryId)
  const { spendPerItem } = repo ? limitsOf(repo) : noLimits
  if (!repo || !spending || spendPerItem === undefined) return undefined
  const admission = new Admission({ repos: { [repo.fullName]: budgetOf(repo, spending) } })
  const currency = currencyOf(limitsOf(repo))
  const spent = (await spentOnItem(tx.db, item.id)).find((one) => one.currency === currency)?.millionths ?? 0
  const reserved = backlog.runs
    .filter((one) => one.item.id === item.id && ['waiting', 'agent'].includes(one.run.stage))
    .reduce((sum, one) => sum + reservedFor(one, admission, repo.fullName, spending).reserved, 0)
  if (spent + reserved === 0) return undefined
  const limit = millionths(spendPerItem) ?? 0
  const left = limit - spent - reserved
  const needed = admission.costOf(repo.fullName, run)
  if (left > 0 && needed <= left) return undefined
  return { kind: 'budget', scope: 'item', needed, left: Math.max(0, left), limit, currency }
}

/** Queues a scheduler pass for the next day when a budget blocks an item. */
export async function wakeWhenFull(tx: Tx, decisions: readonly Decision[], now: Date): Promise<void> {
  const isBlocked = decisions.some(
    ({ action, reasons }) => action === 'wait' && reasons.some(({ kind }) => kind === 'budget'),
  )
  if (isBlocked) await tx.enqueue({ queue: 'schedule' }, { after: nextDay(now) })
}

/**
 * What the scheduler calls a run: by its item, which it must not start a second time. A run beside an item, such as its review,
 * counts as an agent and holds nothing of the item.
 */
export function runName({ run, item }: Backlog['runs'][number]): string {
  return isSideRun(run) ? `side-run-${run.id}` : String(item.id)
}

type OwnBudget = Pick<RepositoryState, 'budgetLeft' | 'budgetLimit' | 'currency' | 'perRun' | 'perRunOfKind' | 'tokens'>

function totalBudget({ currency, today }: BudgetState, limit: number): Budget {
  return { left: limit - moneyIn(today, currency), limit, currency, perRun: 0 }
}

function totalTokens({ today, typicalTokens }: BudgetState, limit: number): Allowance {
  return { left: limit - tokensIn(today), limit, perRun: 0, perRunOfKind: typicalTokens }
}

/** A repository's own budget, if it has one, and what its runs are expected to use. */
function budgetOf(repo: RepositoryRow, { today, typical, typicalTokens }: BudgetState): OwnBudget {
  const limits = limitsOf(repo)
  const currency = currencyOf(limits)
  const [limit, perRun = 0] = [limits.spendPerDay, limits.spendPerRun].map((amount) => amount && millionths(amount))
  const own = today.filter(({ repositoryId }) => repositoryId === repo.id)
  const { tokensPerDay, tokensPerRun = 0 } = limits
  return {
    currency,
    perRun,
    perRunOfKind: typical.get(currency) ?? {},
    ...(limit === undefined ? {} : { budgetLeft: limit - moneyIn(own, currency), budgetLimit: limit }),
    tokens: {
      ...(tokensPerDay === undefined ? {} : { left: tokensPerDay - tokensIn(own), limit: tokensPerDay }),
      perRun: tokensPerRun,
      perRunOfKind: typicalTokens,
    },
  }
}

function limitsOf({ settings }: Pick<RepositoryRow, 'settings'>): Settings['limits'] {
  return settings?.limits ?? noLimits
}

const noLimits = defaultSettings().limits
