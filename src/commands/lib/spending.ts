/** What agents have used in a repository today, for `/status`. */

import { scheduleReportOf } from '../../db/schedule-reports.ts'
import { agentsWithoutCost, type Spending, spentOnItem, spentToday } from '../../db/usage.ts'
import { currencyOf, millionths, money } from '../../lib/money.ts'
import type { CommandContext } from '../command.ts'

/**
 * A paragraph of its own, with an empty line before it; '' where nothing was told, neither today nor for the item, and no
 * limit is set.
 */
export async function spendingToday({ tx, repo, settings, item }: CommandContext): Promise<string> {
  const now = new Date()
  const spent = await spentToday(tx.db, now, repo.id)
  const { spendPerDay, spendPerRun } = settings.limits
  const limited = spendPerDay !== undefined || spendPerRun !== undefined
  const onItem = item ? await spentOnItem(tx.db, item.id) : []
  if (spent.length === 0 && onItem.length === 0 && !limited) return ''
  const silent = await agentsWithoutCost(tx.db, repo.id, now)
  const unreserved = (await scheduleReportOf(tx.db, repo.id))?.unreserved ?? []
  const sentences = [
    item &&
      onItem.length > 0 &&
      `#${item.issueNumber} so far: ${onItem.map((cost) => money(cost.millionths, cost.currency)).join('; ')}.`,
    `${repo.fullName} today (UTC): ${[...amounts(spent, settings.limits), tokens(spent)].filter(Boolean).join('; ')}.`,
    silent.length > 0 && `${list(silent)} told no cost, so no limit on spending sees what was used there.`,
    unreserved.length > 0 &&
      `What a run of ${list(unreserved)} costs is not known yet, so nothing is kept for it before it starts; \`limits.spendPerRun\` in the settings would say.`,
  ]
  return `\n\n${sentences.filter(Boolean).join(' ')}`
}

/** The currency of the limits first. */
function amounts(spent: readonly Spending[], limits: CommandContext['settings']['limits']): string[] {
  const own = currencyOf(limits)
  const here = spent.find(({ currency }) => currency === own)?.millionths ?? 0
  const limit = limits.spendPerDay === undefined ? undefined : millionths(limits.spendPerDay)
  const others = spent.filter(({ currency }) => currency !== null && currency !== own)
  const counted = limit === undefined && limits.spendPerRun === undefined ? '' : ', which the limits do not count'
  return [
    limit === undefined
      ? here > 0 || others.length === 0
        ? `${money(here, own)} spent, as far as agents tell`
        : ''
      : `${money(here, own)} of ${money(limit, own)} spent, as far as agents tell`,
    ...others.map(({ millionths: amount, currency }) => `${money(amount, currency ?? '')}${counted}`),
  ]
}

function tokens(spent: readonly Spending[]): string {
  const sum = (of: 'inputTokens' | 'outputTokens' | 'cachedTokens') => spent.reduce((all, one) => all + one[of], 0)
  const [input, output, cached] = [sum('inputTokens'), sum('outputTokens'), sum('cachedTokens')]
  if (input + output + cached === 0) return ''
  const count = (number: number) => number.toLocaleString('en-US')
  return `${count(input)} tokens in, ${count(output)} out${cached > 0 ? `, ${count(cached)} cached` : ''}`
}

function list(agents: readonly string[]): string {
  return agents.map((agent) => `\`${agent}\``).join(', ')
}
