/** What runs have used, those that have ended and those that are at work: the facts that budgets reserve by. */

import { and, desc, eq, gt, inArray, isNotNull, or } from 'drizzle-orm'
import type { PastUse } from '../domain/expected-use.ts'
import type { Database } from './connect.ts'
import { runs } from './schema/runs.ts'
import { usage } from './schema/usage.ts'
import { workItems } from './schema/work-items.ts'
import { inAndOut } from './usage.ts'

/** The use of the next run of each kind of agent is estimated among this many newest runs of all kinds. */
const runsToRead = 400

/** What the newest runs that have ended used, newest first. */
export interface RecentUse {
  /** In millionths, by currency. */
  money: Map<string, PastUse[]>
  tokens: PastUse[]
}

/** Reads the use of the last 400 ended runs that have reported any. */
export async function recentUse(db: Database): Promise<RecentUse> {
  const rows = await db
    .select({
      ...{ agent: runs.agent, purpose: runs.purpose, effort: workItems.effort },
      ...{ cost: usage.cost, currency: usage.currency, tokens: inAndOut(usage).mapWith(Number) },
    })
    .from(usage)
    .innerJoin(runs, eq(usage.runId, runs.id))
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(and(isNotNull(runs.endedAt), or(isNotNull(usage.cost), gt(inAndOut(usage), 0))))
    .orderBy(desc(usage.runId))
    .limit(runsToRead)
  const priced = rows.flatMap(({ cost, currency, ...run }) =>
    cost === null || currency === null ? [] : [{ currency, past: { ...run, used: cost } }],
  )
  return {
    money: new Map(
      [...Map.groupBy(priced, ({ currency }) => currency)].map(([currency, all]) => [
        currency,
        all.map(({ past }) => past),
      ]),
    ),
    tokens: rows.flatMap(({ tokens, ...run }) => (tokens > 0 ? [{ ...run, used: tokens }] : [])),
  }
}

/** The tokens, in and out, that these runs have used so far, by run. Runs that reported none are left out. */
export async function tokensOfRuns(db: Database, runIds: readonly number[]): Promise<Map<number, number>> {
  if (runIds.length === 0) return new Map()
  const rows = await db
    .select({ runId: usage.runId, tokens: inAndOut(usage).mapWith(Number) })
    .from(usage)
    .where(inArray(usage.runId, [...runIds]))
  return new Map(rows.map(({ runId, tokens }) => [runId, tokens]))
}
