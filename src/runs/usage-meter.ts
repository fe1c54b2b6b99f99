/** The meter of a run: keeps the usage that its agent reports, and stops an agent that costs too much. */

import type { AgentUsage } from '../agents/drivers/agent-run.ts'
import type { Settings } from '../config/settings.ts'
import { addUsage, type ReportedUsage } from '../db/usage.ts'
import { currencyName, currencyOf, millionths } from '../lib/money.ts'
import type { Attempt } from './context.ts'

/** What the meter holds a run to. */
export interface MeterLimits {
  limits: Settings['limits']
  /** For an agent that reports tokens and no cost. */
  prices?: Prices | undefined
  /** What earlier runs of the item have cost, in millionths of the currency of the limits. */
  itemSpent?: number
  /** What was used before this run in the session that it goes on with; undefined while it goes on with none. */
  before?: () => ReportedUsage | undefined
}

/**
 * Receives every usage report of the agent of an attempt. It accepts any value as an amount and never throws; kept amounts
 * never decrease. Stops the agent when it passes a limit of its run or of its item.
 */
export function meterUsage(
  { heartbeat, stop, context, run }: Pick<Attempt, 'heartbeat' | 'stop' | 'context' | 'run'>,
  { limits, prices, itemSpent = 0, before = () => undefined }: MeterLimits,
): (usage: AgentUsage) => void {
  const currency = currencyOf(limits)
  const [perRun, perItem] = [limits.spendPerRun, limits.spendPerItem].map((amount) =>
    amount === undefined ? undefined : millionths(amount),
  )
  let changed = false
  let reportsCost = false
  const ofThisRun = sinceStart(before)
  return (usage) => {
    const reported = ofThisRun(usedOf(usage))
    reportsCost ||= reported.cost !== undefined
    heartbeat.used = addUsage(heartbeat.used, reported)
    // An agent that reports its cost knows it better than a price list.
    if (prices && !reportsCost) {
      const cost = { millionths: priceOf(heartbeat.used, prices), currency }
      heartbeat.used = addUsage(heartbeat.used, { cost })
      heartbeat.priced = true
    }
    const { cost } = heartbeat.used
    if (!changed && cost && reported.cost && reported.cost.currency !== cost.currency) {
      changed = true
      context.log.warn(
        { run: run.id, agent: run.agent, before: cost.currency, now: reported.cost.currency },
        'an agent reports its cost in another currency than before; only the first one is counted',
      )
    }
    const tokens = (heartbeat.used.inputTokens ?? 0) + (heartbeat.used.outputTokens ?? 0)
    if (limits.tokensPerRun !== undefined && tokens > limits.tokensPerRun)
      return stop({ tokens, limit: limits.tokensPerRun })
    if (!cost || cost.currency !== currency) return
    if (perRun !== undefined && cost.millionths > perRun) return stop({ cost, limit: perRun })
    if (perItem !== undefined && itemSpent + cost.millionths > perItem)
      stop({ cost: { ...cost, millionths: itemSpent + cost.millionths }, limit: perItem, of: 'item' })
  }
}

/**
 * Takes off what was used before this run. Some agents count a session from its beginning, others from where it went on: a
 * first report that is no less than all before it is of the first sort. A wrong guess counts too little, once; without it, each
 * attempt would pay for all before it.
 */
function sinceStart(before: () => ReportedUsage | undefined): (reported: ReportedUsage) => ReportedUsage {
  const counted = new Map<string, number>()
  const own = (key: string, now: number, earlier: number) => {
    const known = counted.get(key) ?? (now >= earlier ? earlier : 0)
    counted.set(key, known)
    return Math.max(0, now - known)
  }
  return (reported) => {
    const past = before()
    if (!past) return reported
    const after = { ...reported }
    for (const key of ['inputTokens', 'outputTokens', 'cachedTokens'] as const) {
      const count = reported[key]
      if (count !== undefined) after[key] = own(key, count, past[key] ?? 0)
    }
    if (reported.cost && past.cost?.currency === reported.cost.currency)
      after.cost = { ...reported.cost, millionths: own('cost', reported.cost.millionths, past.cost.millionths) }
    return after
  }
}

/** Prices of a million tokens, see `agents.<kind>.prices` in the settings. */
type Prices = NonNullable<NonNullable<Settings['agents'][string]>['prices']>

function priceOf(used: ReportedUsage, prices: Prices): number {
  const { inputTokens = 0, outputTokens = 0, cachedTokens = 0 } = used
  // An amount for a million tokens is as many millionths for one.
  return Math.round(inputTokens * prices.input + outputTokens * prices.output + cachedTokens * prices.cached)
}

function usedOf({ inputTokens, outputTokens, cachedTokens, cost }: AgentUsage): ReportedUsage {
  const amount = cost && millionths(cost.amount)
  return {
    inputTokens,
    outputTokens,
    cachedTokens,
    ...(cost && amount !== undefined ? { cost: { millionths: amount, currency: currencyName(cost.currency) } } : {}),
  }
}
