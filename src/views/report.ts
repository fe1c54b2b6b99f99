/** The report of orchestrated work: what was completed, by whom, how well, at what cost, and what is next. */

import { and, asc, desc, eq, gte, inArray, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { partsOf } from '../db/epics.ts'
import { footprints } from '../db/schema/plans.ts'
import { approvals, pullRequests } from '../db/schema/pull-requests.ts'
import { repositories } from '../db/schema/repositories.ts'
import { gateResults, runs } from '../db/schema/runs.ts'
import { usage } from '../db/schema/usage.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { notAgents } from '../domain/run-author.ts'
import { nextWorkOf } from './next-work.ts'

const reportedItem = z.object({
  issue: z.number().int(),
  title: z.string(),
  state: z.string(),
  agents: z.array(z.string()).describe('Who has worked on it, by name or kind'),
  attempts: z.number().int(),
  gates: z.object({ passed: z.number().int(), failed: z.number().int() }).describe('Of all commits that were judged'),
  reviewRounds: z.number().int().describe('Reviews that asked for changes'),
  pullRequest: z.number().int().nullable(),
})

/** The report. Times are ISO 8601. */
export const reportView = z.object({
  title: z.string(),
  from: z.string(),
  to: z.string(),
  minutes: z.number().int().describe('From the first attempt to the last one that has ended'),
  items: z.array(reportedItem),
  testFilesChanged: z.number().int().describe('Files of tests among those that agents have changed'),
  agents: z.array(
    z.object({ name: z.string(), kind: z.string(), attempts: z.number().int(), items: z.number().int() }),
  ),
  cost: z.array(z.object({ currency: z.string(), amount: z.number() })),
  tokens: z.number().int(),
  timeline: z.array(z.object({ minute: z.number().int(), text: z.string() })).describe('The last steps, oldest first'),
  next: z.array(z.object({ issue: z.number().int(), title: z.string() })),
})
export type ReportView = z.infer<typeof reportView>

/** More items and steps are counted and not listed. */
const most = { items: 100, steps: 30, next: 5 }
const testFile = /(?:^|\/)(?:tests?|specs?|__tests__)\/|[._-](?:test|spec)s?\.\w+$|(?:^|\/)test_[^/]+$/i

/** The report about a roadmap: its parts, in every repository. */
export async function reportOfEpic(db: Database, epic: ItemRow): Promise<ReportView> {
  const parts = await partsOf(db, epic.id)
  const conditions = parts.map(({ repository, issueNumber }) =>
    and(sql`lower(${repositories.fullName}) = ${repository}`, eq(workItems.issueNumber, issueNumber)),
  )
  const rows =
    conditions.length === 0
      ? []
      : await db
          .select({ item: workItems })
          .from(workItems)
          .innerJoin(repositories, eq(workItems.repositoryId, repositories.id))
          .where(or(...conditions))
          .orderBy(asc(workItems.issueNumber))
  return reportAbout(
    db,
    rows.map(({ item }) => item),
    { title: epic.title, repositoryId: epic.repositoryId, since: epic.createdAt },
  )
}

/** The report about a repository: what was worked on since a time. */
export async function reportOfRepository(
  db: Database,
  repo: { id: number; fullName: string },
  since: Date,
): Promise<ReportView> {
  const touched = db
    .select({ id: runs.workItemId })
    .from(runs)
    .where(or(gte(runs.startedAt, since), gte(runs.endedAt, since)))
  const rows = await db
    .select()
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repo.id),
        eq(workItems.kind, 'task'),
        or(gte(workItems.doneAt, since), inArray(workItems.id, touched)),
      ),
    )
    .orderBy(desc(workItems.doneAt), asc(workItems.issueNumber))
    .limit(1_000)
  return reportAbout(db, rows, { title: repo.fullName, repositoryId: repo.id, since })
}

async function reportAbout(
  db: Database,
  items: readonly ItemRow[],
  about: { title: string; repositoryId: number; since: Date },
): Promise<ReportView> {
  const ids = items.map(({ id }) => id)
  const attempts = ids.length === 0 ? [] : await attemptsOf(db, ids)
  const quality = await qualityOf(db, ids)
  const times = attempts.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt ?? startedAt]).map(Number)
  const [from, to] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [about.since.getTime(), Date.now()]
  const next = await nextWorkOf(db, about.repositoryId, most.next)
  const paths = ids.length === 0 ? [] : await changedPaths(db, ids)
  return {
    title: about.title,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    minutes: Math.round((to - from) / 60_000),
    items: items.slice(0, most.items).map((item) => {
      const own = attempts.filter(({ workItemId }) => workItemId === item.id)
      const { issueNumber: issue, title, state } = item
      const { passed = 0, failed = 0, rounds = 0, pull = null } = quality.get(item.id) ?? {}
      return {
        ...{ issue, title, state, agents: [...new Set(own.map(({ name }) => name))], attempts: own.length },
        ...{ gates: { passed, failed }, reviewRounds: rounds, pullRequest: pull },
      }
    }),
    testFilesChanged: paths.filter((path) => testFile.test(path)).length,
    agents: agentsIn(attempts),
    ...(await costOf(
      db,
      attempts.map(({ id }) => id),
    )),
    timeline: timelineOf(items, attempts, from),
    next: next.items.map(({ issue, title }) => ({ issue, title })),
  }
}

interface AttemptFacts {
  id: number
  workItemId: number
  name: string
  kind: string
  startedAt: Date
  endedAt: Date | null
}

async function attemptsOf(db: Database, ids: readonly number[]): Promise<AttemptFacts[]> {
  const rows = await db
    .select()
    .from(runs)
    .where(inArray(runs.workItemId, [...ids]))
    .orderBy(asc(runs.id))
  return rows.flatMap(({ id, workItemId, agent, memberName, startedAt, endedAt }) =>
    startedAt === null || notAgents.includes(agent)
      ? []
      : [{ id, workItemId, name: memberName ?? agent, kind: agent, startedAt, endedAt }],
  )
}

interface Quality {
  passed: number
  failed: number
  rounds: number
  pull: number | null
}

async function qualityOf(db: Database, ids: readonly number[]): Promise<Map<number, Quality>> {
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

async function changedPaths(db: Database, ids: readonly number[]): Promise<string[]> {
  const rows = await db
    .selectDistinct({ path: footprints.path })
    .from(footprints)
    .where(and(inArray(footprints.workItemId, [...ids]), eq(footprints.source, 'observed')))
  return rows.map(({ path }) => path)
}

function agentsIn(attempts: readonly AttemptFacts[]): ReportView['agents'] {
  return [...Map.groupBy(attempts, ({ name, kind }) => `${name}\0${kind}`).values()].flatMap((own) => {
    const [first] = own
    const items = new Set(own.map(({ workItemId }) => workItemId)).size
    return first ? [{ name: first.name, kind: first.kind, attempts: own.length, items }] : []
  })
}

async function costOf(db: Database, runIds: readonly number[]): Promise<Pick<ReportView, 'cost' | 'tokens'>> {
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

function timelineOf(
  items: readonly ItemRow[],
  attempts: readonly AttemptFacts[],
  from: number,
): ReportView['timeline'] {
  const issueOf = new Map(items.map(({ id, issueNumber }) => [id, issueNumber]))
  const steps = [
    ...attempts.map((one) => ({
      at: one.startedAt.getTime(),
      text: `${one.name} started #${issueOf.get(one.workItemId)}`,
    })),
    ...items.flatMap((item) =>
      item.state === 'done' && item.doneAt
        ? [{ at: item.doneAt.getTime(), text: `#${item.issueNumber} was completed` }]
        : [],
    ),
  ]
  return steps
    .sort((a, b) => a.at - b.at)
    .slice(-most.steps)
    .map(({ at, text }) => ({ minute: Math.max(0, Math.round((at - from) / 60_000)), text }))
}
