/** What the report is made of, read for many items at once. */

import { and, asc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { footprints } from '../db/schema/plans.ts'
import { approvals, pullRequests } from '../db/schema/pull-requests.ts'
import { gateResults, runs } from '../db/schema/runs.ts'
import { usage } from '../db/schema/usage.ts'
import { notAgents } from '../domain/run-author.ts'
import type { TestFacts } from '../domain/test-facts.ts'

/** One attempt of an agent. */
export interface AttemptFacts {
  id: number
  workItemId: number
  name: string
  kind: string
  startedAt: Date
  endedAt: Date | null
}

/** The attempts of agents on these items, oldest first. */
export async function attemptsOf(db: Database, ids: readonly number[]): Promise<AttemptFacts[]> {
  if (ids.length === 0) return []
  const { id, workItemId, agent, memberName, startedAt, endedAt } = runs
  const rows = await db
    .select({ id, workItemId, agent, memberName, startedAt, endedAt })
    .from(runs)
    .where(inArray(runs.workItemId, [...ids]))
    .orderBy(asc(runs.id))
  return rows.flatMap(({ id, workItemId, agent, memberName, startedAt, endedAt }) =>
    startedAt === null || notAgents.includes(agent)
      ? []
      : [{ id, workItemId, name: memberName ?? agent, kind: agent, startedAt, endedAt }],
  )
}

/** How well an item went. */
interface Quality {
  passed: number
  failed: number
  rounds: number
  pull: number | null
}

/** How well each of these items went. */
export async function qualityOf(db: Database, ids: readonly number[]): Promise<Map<number, Quality>> {
  if (ids.length === 0) return new Map()
  const gates = await db
    .select({
      id: gateResults.workItemId,
      passed: sql`count(*) filter (where ${gateResults.verdict} = 'pass')`.mapWith(Number),
      failed: sql`count(*) filter (where ${gateResults.verdict} = 'fail')`.mapWith(Number),
    })
    .from(gateResults)
    .where(inArray(gateResults.workItemId, [...ids]))
    .groupBy(gateResults.workItemId)
  const pulls = await db
    .select({
      id: pullRequests.workItemId,
      pull: sql`max(${pullRequests.number})`.mapWith(Number),
      rounds: sql`count(${approvals.id}) filter (where ${approvals.state} = 'changes_requested')`.mapWith(Number),
    })
    .from(pullRequests)
    .leftJoin(approvals, eq(approvals.pullRequestId, pullRequests.id))
    .where(inArray(pullRequests.workItemId, [...ids]))
    .groupBy(pullRequests.workItemId)
  const gatesOf = new Map(gates.map((one) => [one.id, one]))
  const pullOf = new Map(pulls.map((one) => [one.id, one]))
  return new Map(
    ids.map((id) => {
      const { passed = 0, failed = 0 } = gatesOf.get(id) ?? {}
      const { rounds = 0, pull = null } = pullOf.get(id) ?? {}
      return [id, { passed, failed, rounds, pull }]
    }),
  )
}

/** The paths that these items have changed, each once. */
export async function changedPaths(db: Database, ids: readonly number[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectDistinct({ path: footprints.path })
    .from(footprints)
    .where(and(inArray(footprints.workItemId, [...ids]), eq(footprints.source, 'observed')))
  return rows.map(({ path }) => path)
}

/** What these runs have cost, in whole units of each currency. */
export async function costOfRuns(
  db: Database,
  runIds: readonly number[],
): Promise<{ cost: { currency: string; amount: number }[]; tokens: number }> {
  if (runIds.length === 0) return { cost: [], tokens: 0 }
  const rows = await db
    .select({
      currency: usage.currency,
      cost: sql`coalesce(sum(${usage.cost}), 0)`.mapWith(Number),
      tokens: sql`coalesce(sum(coalesce(${usage.inputTokens}, 0) + coalesce(${usage.outputTokens}, 0)), 0)`.mapWith(
        Number,
      ),
    })
    .from(usage)
    .where(inArray(usage.runId, [...runIds]))
    .groupBy(usage.currency)
  return {
    cost: rows.flatMap(({ currency, cost }) => (currency === null ? [] : [{ currency, amount: cost / 1e6 }])),
    tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0),
  }
}

/** What the last commit of each item that gates have judged says about tests. */
export async function testFactsOf(db: Database, ids: readonly number[]): Promise<Map<number, TestFacts>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: runs.workItemId, facts: runs.testFacts })
    .from(runs)
    .where(and(inArray(runs.workItemId, [...ids]), isNotNull(runs.testFacts)))
    .orderBy(asc(runs.id))
  return new Map(rows.flatMap(({ id, facts }) => (facts ? [[id, facts]] : [])))
}
