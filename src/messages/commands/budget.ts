/** The reply of `/budget`. */

import { money } from '../../lib/money.ts'

export const nothingSpent = 'No agent has reported any use here today.'

/** @param merged by currency, in millionths. @param days of how many days. */
export function mergedCosts(
  merged: readonly { currency: string; millionths: number; merged: number }[],
  days: number,
): string {
  if (merged.length === 0) return `No merged pull request of the last ${days} days has a known cost.`
  const rows = merged.map(
    (one) =>
      `${money(one.millionths / one.merged, one.currency)} on average (${one.merged} merged, ${money(one.millionths, one.currency)} in all)`,
  )
  return `A merged pull request has cost ${rows.join('; ')} in the last ${days} days, with its failed attempts.`
}

interface ShownLimits {
  spendPerRun?: number | undefined
  spendPerItem?: number | undefined
  spendPerDay?: number | undefined
  tokensPerRun?: number | undefined
  currency?: string
}

/** The limits of the repository; the operator may have set one for all repositories besides. */
export function limitList(limits: ShownLimits): string {
  const { currency = '' } = limits
  const amount = (value: number | undefined) => (value === undefined ? 'none' : `${value.toFixed(2)} ${currency}`)
  const tokens = limits.tokensPerRun?.toLocaleString('en-US') ?? 'none'
  return [
    'Limits (`limits` in the settings):',
    [
      `- one run: ${amount(limits.spendPerRun)} (\`spendPerRun\`); tokens: ${tokens} (\`tokensPerRun\`)`,
      `- all runs of one issue: ${amount(limits.spendPerItem)} (\`spendPerItem\`)`,
      `- a day (UTC): ${amount(limits.spendPerDay)} (\`spendPerDay\`)`,
    ].join('\n'),
  ].join('\n\n')
}
