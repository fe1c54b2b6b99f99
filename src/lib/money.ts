/** Money as it is counted and shown: whole millionths of a currency, so that sums are exact. */

/** More than anything costs: an amount past it is a mistake of whoever told it, and counts as this much. */
export const mostAmount = 1e9

/** What is counted in where nothing else is said. */
export const defaultCurrency = 'USD'

/**
 * An amount in whole millionths of its currency, at most those of `mostAmount`.
 * @returns undefined for what is no amount: negative, infinite, not a number.
 */
export function millionths(amount: number): number | undefined {
  if (!Number.isFinite(amount) || amount < 0) return undefined
  return Math.round(Math.min(mostAmount, amount) * 1e6)
}

/** An amount for people: `1.50 USD`. Less than a hundredth is shown to four places. */
export function money(amount: number, currency = ''): string {
  const places = amount > 0 && amount < 10_000 ? 4 : 2
  return `${(amount / 1e6).toFixed(places)} ${currency}`.trim()
}

/** A currency as it is compared and shown: `USD`, or another unit such as `CREDITS`. Nothing in it is markup. */
export function currencyName(text: string): string {
  return (
    text
      .replace(/[^a-z0-9]/gi, '')
      .slice(0, 10)
      .toUpperCase() || defaultCurrency
  )
}

/** The currency of a repository's limits; settings that were stored before there was one have none. */
export function currencyOf(limits: { currency?: string }): string {
  return limits.currency ?? defaultCurrency
}
