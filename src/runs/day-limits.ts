/** The limits of a day, held while agents work: what a run uses beyond them ends it until the next day. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import type { Database } from '../db/connect.ts'
import { moneyIn, spentToday, tokensIn } from '../db/usage.ts'
import { currentTime } from '../lib/clock.ts'
import { currencyOf, millionths } from '../lib/money.ts'

/** The limit of a day that was passed. Money is in millionths. */
export interface PassedDay {
  day: 'repository' | 'total'
  used: number
  limit: number
  /** Absent for tokens. */
  currency?: string
}

/**
 * The first limit of today that all runs together have passed, with all that was stored until now.
 * @returns undefined when there is none; then nothing is read either.
 */
export async function passedDay(
  db: Database,
  repositoryId: number,
  { limits }: Pick<Settings, 'limits'>,
  env: Pick<Env, 'MAX_SPEND_PER_DAY' | 'MAX_TOKENS_PER_DAY' | 'SPEND_CURRENCY'>,
): Promise<PassedDay | undefined> {
  const { spendPerDay, tokensPerDay } = limits
  const { MAX_SPEND_PER_DAY: total, MAX_TOKENS_PER_DAY: totalTokens, SPEND_CURRENCY } = env
  if ([spendPerDay, tokensPerDay, total, totalTokens].every((limit) => limit === undefined)) return undefined
  const today = await spentToday(db, currentTime())
  const own = today.filter((one) => one.repositoryId === repositoryId)
  const currency = currencyOf(limits)
  return (
    passed('repository', moneyIn(own, currency), amount(spendPerDay), currency) ??
    passed('repository', tokensIn(own), tokensPerDay) ??
    passed('total', moneyIn(today, SPEND_CURRENCY), amount(total), SPEND_CURRENCY) ??
    passed('total', tokensIn(today), totalTokens)
  )
}

function passed(
  day: PassedDay['day'],
  used: number,
  limit: number | undefined,
  currency?: string,
): PassedDay | undefined {
  if (limit === undefined || used <= limit) return undefined
  return { day, used, limit, ...(currency === undefined ? {} : { currency }) }
}

const amount = (limit: number | undefined) => (limit === undefined ? undefined : millionths(limit))
