/** The meter of a run: keeps the usage that its agent reports, and stops an agent that costs too much. */

import type { AgentUsage } from '../agents/drivers/agent-run.ts'
import type { Settings } from '../config/settings.ts'
import { addUsage, type ReportedUsage } from '../db/usage.ts'
import { currencyName, currencyOf, millionths } from '../lib/money.ts'
import type { Attempt } from './context.ts'

/**
 * Receives every usage report of the agent of an attempt. It accepts any value as an amount and never throws; kept amounts
 * never decrease. Stops the agent when its cost passes `limits.spendPerRun`.
 */
export function meterUsage(
  { heartbeat, stop, context, run }: Pick<Attempt, 'heartbeat' | 'stop' | 'context' | 'run'>,
  limits: Settings['limits'],
): (usage: AgentUsage) => void {
  const limit = limits.spendPerRun === undefined ? undefined : millionths(limits.spendPerRun)
  let changed = false
  return (usage) => {
    const reported = usedOf(usage)
    heartbeat.used = addUsage(heartbeat.used, reported)
    const { cost } = heartbeat.used
    if (!changed && cost && reported.cost && reported.cost.currency !== cost.currency) {
      changed = true
      context.log.warn(
        { run: run.id, agent: run.agent, before: cost.currency, now: reported.cost.currency },
        'an agent reports its cost in another currency than before; only the first one is counted',
      )
    }
    if (limit === undefined || !cost || cost.currency !== currencyOf(limits) || cost.millionths <= limit) return
    stop({ cost, limit })
  }
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
