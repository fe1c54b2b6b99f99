/** What agents have used in a repository today, for `/status`. */

import { scheduleReportOf } from '../../db/schedule-reports.ts'
import { agentsWithoutCost, type Spending, spentOnItem, spentToday } from '../../db/usage.ts'
import { currentTime } from '../../lib/clock.ts'
import { currencyOf, millionths } from '../../lib/money.ts'
import { type SpendingReport, spendingSentences } from '../../messages/commands/status.ts'
import type { CommandContext } from '../command.ts'

/**
 * A paragraph of its own, with an empty line before it. '' when no limit is set and no agent has reported any use, neither
 * today nor for the item.
 */
export async function spendingToday({ tx, repo, settings, item }: CommandContext): Promise<string> {
  const now = currentTime()
  const spent = await spentToday(tx.db, now, repo.id)
  const { spendPerDay, spendPerRun } = settings.limits
  const limited = spendPerDay !== undefined || spendPerRun !== undefined
  const onItem = item ? await spentOnItem(tx.db, item.id) : []
  if (spent.length === 0 && onItem.length === 0 && !limited) return ''
  const report = spendingSentences({
    repository: repo.fullName,
    item: item && onItem.length > 0 ? { issue: item.issueNumber, costs: onItem } : undefined,
    ...byCurrency(spent, currencyOf(settings.limits)),
    perDay: spendPerDay === undefined ? undefined : millionths(spendPerDay),
    limited,
    tokens: tokenSums(spent),
    silent: await agentsWithoutCost(tx.db, repo.id, now),
    unreserved: (await scheduleReportOf(tx.db, repo.id))?.unreserved ?? [],
  })
  return `\n\n${report}`
}

function byCurrency(
  spent: readonly Spending[],
  currency: string,
): Pick<SpendingReport, 'spent' | 'currency' | 'others'> {
  return {
    currency,
    spent: spent.find((one) => one.currency === currency)?.millionths ?? 0,
    others: spent.flatMap((one) =>
      one.currency === null || one.currency === currency
        ? []
        : [{ millionths: one.millionths, currency: one.currency }],
    ),
  }
}

function tokenSums(spent: readonly Spending[]): SpendingReport['tokens'] {
  const sum = (of: 'inputTokens' | 'outputTokens' | 'cachedTokens') => spent.reduce((all, one) => all + one[of], 0)
  return { input: sum('inputTokens'), output: sum('outputTokens'), cached: sum('cachedTokens') }
}
