/** The meter of a run: what its agent tells of its use is kept with the run, and one that costs too much is stopped. */

import type { AgentUsage } from '../agents/drivers/agent-run.ts'
import type { Settings } from '../config/settings.ts'
import { addUsage, type ReportedUsage } from '../db/usage.ts'
import { currencyName, currencyOf, millionths } from '../lib/money.ts'
import type { Attempt } from './context.ts'

/**
 * A watcher for everything that the agent of an attempt tells of its use. It takes anything for an amount and never
 * throws; what it keeps never gets less. Stops the agent when its cost passes `limits.spendPerRun`.
 */
export function meterUsage(
  { heartbeat, stop, context, run }: Pick<Attempt, 'heartbeat' | 'stop' | 'context' | 'run'>,
  limits: Settings['limits'],
): (usage: AgentUsage) => void {
  const limit = limits.spendPerRun === undefined ? undefined : millionths(limits.spendPerRun)
  let changed = false
  return (usage) => {
    const told = usedOf(usage)
    heartbeat.used = addUsage(heartbeat.used, told)
    const { cost } = heartbeat.used
    if (!changed && cost && told.cost && told.cost.currency !== cost.currency) {
      changed = true
      context.log.warn(
        { run: run.id, agent: run.agent, before: cost.currency, now: told.cost.currency },
        'an agent tells its cost in another currency than before; only the first one is counted',
      )
    }
    if (limit === undefined || !cost || cost.currency !== currencyOf(limits) || cost.millionths <= limit) return
    stop({ told: cost, limit })
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
