/** Amounts of money: whole millionths of a currency, so that sums are exact. */

/** More than any run costs. A higher reported amount is an error of its source and counts as this much. */
export const maxAmount = 1e9

/** The currency where none is set. */
export const defaultCurrency = 'USD'

/**
 * An amount in whole millionths of its currency, at most `maxAmount`.
 * @returns undefined for a negative amount, infinity and NaN.
 */
export function millionths(amount: number): number | undefined {
  if (!Number.isFinite(amount) || amount < 0) return undefined
  return Math.round(Math.min(maxAmount, amount) * 1e6)
}

/** An amount for people: `1.50 USD`. An amount below a hundredth has four decimal places. */
export function money(amount: number, currency = ''): string {
  const places = amount > 0 && amount < 10_000 ? 4 : 2
  return `${(amount / 1e6).toFixed(places)} ${currency}`.trim()
}

/**
 * The name of a currency for comparing and showing: `USD`, or another unit such as `CREDITS`. It contains no markup.
 */
export function currencyName(text: string): string {
  return (
    text
      .replace(/[^a-z0-9]/gi, '')
      .slice(0, 10)
      .toUpperCase() || defaultCurrency
  )
}

/** The currency of a repository's limits. Settings from before there were currencies have none. */
export function currencyOf(limits: { currency?: string }): string {
  return limits.currency ?? defaultCurrency
}
