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
  tokensPerDay?: number | undefined
  tokensPerRun?: number | undefined
  currency?: string
}

/** What people do where limits on money see nothing. @param agents the kinds that report tokens and no cost. */
export function pricesMissing(agents: readonly string[], currency: string): string {
  if (agents.length === 0) return ''
  const names = agents.map((agent) => `\`${agent}\``).join(', ')
  return `${names} ${agents.length === 1 ? 'reports' : 'report'} tokens and no cost, and no price is set: set \`agents.${agents[0]}.prices\` (\`input\`, \`output\`, \`cached\`: ${currency} for a million tokens) in the settings, as its provider lists them.`
}

/** The limits of the repository; the operator may have set one for all repositories besides. */
export function limitList(limits: ShownLimits): string {
  const { currency = '' } = limits
  const amount = (value: number | undefined) => (value === undefined ? 'none' : `${value.toFixed(2)} ${currency}`)
  const tokens = (value: number | undefined) => value?.toLocaleString('en-US') ?? 'none'
  return [
    'Limits (`limits` in the settings):',
    [
      `- one run: ${amount(limits.spendPerRun)} (\`spendPerRun\`); tokens: ${tokens(limits.tokensPerRun)} (\`tokensPerRun\`)`,
      `- all runs of one issue: ${amount(limits.spendPerItem)} (\`spendPerItem\`)`,
      `- a day (UTC): ${amount(limits.spendPerDay)} (\`spendPerDay\`); tokens: ${tokens(limits.tokensPerDay)} (\`tokensPerDay\`)`,
    ].join('\n'),
  ].join('\n\n')
}
