/** The report of orchestrated work: what was completed, by whom, how well, at what cost, and what is next. */

import { and, asc, desc, eq, gte, inArray, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { partsOf } from '../db/epics.ts'
import { repositories } from '../db/schema/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { isTestFile, type TestFacts } from '../domain/test-facts.ts'
import { currentMs } from '../lib/clock.ts'
import { agentStarted, itemCompleted } from '../messages/progress.ts'
import { nextWorkOf } from './next-work.ts'
import { type AttemptFacts, attemptsOf, changedPaths, costOfRuns, qualityOf, testFactsOf } from './report-facts.ts'

const coverageView = z.object({ command: z.string(), percent: z.number() })

const reportedItem = z.object({
  issue: z.number().int(),
  title: z.string(),
  state: z.string(),
  agents: z.array(z.string()).describe('Who has worked on it, by name or kind'),
  attempts: z.number().int(),
  gates: z.object({ passed: z.number().int(), failed: z.number().int() }).describe('Of all commits that were judged'),
  reviewRounds: z.number().int().describe('Reviews that asked for changes'),
  pullRequest: z.number().int().nullable(),
  testsAdded: z.number().int().nullable().describe('Test cases in its last judged commit; null without one'),
  coverage: z.array(coverageView).describe('What the commands of its gates have printed about that commit'),
})

/** The report. Times are ISO 8601. */
export const reportView = z.object({
  title: z.string(),
  from: z.string(),
  to: z.string(),
  minutes: z.number().int().describe('From the first attempt to the last one that has ended'),
  items: z.array(reportedItem),
  testFilesChanged: z.number().int().describe('Files of tests among those that agents have changed'),
  testsAdded: z
    .object({ files: z.number().int(), cases: z.number().int() })
    .describe('In what was completed: new files of tests, and new lines that begin a test case, less those removed'),
  coverage: z
    .array(coverageView.extend({ issue: z.number().int() }))
    .describe('As the gates printed it for the item that was completed last, of those with any'),
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
  const attempts = await attemptsOf(db, ids)
  const quality = await qualityOf(db, ids)
  const times = attempts.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt ?? startedAt]).map(Number)
  const [from, to] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [about.since.getTime(), currentMs()]
  const tests = await testFactsOf(db, ids)
  const next = await nextWorkOf(db, about.repositoryId, most.next)
  const paths = await changedPaths(db, ids)
  return {
    title: about.title,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    minutes: Math.round((to - from) / 60_000),
    items: items.slice(0, most.items).map((item) => {
      const own = attempts.filter(({ workItemId }) => workItemId === item.id)
      const { issueNumber: issue, title, state } = item
      const { passed = 0, failed = 0, rounds = 0, pull = null } = quality.get(item.id) ?? {}
      const facts = tests.get(item.id)
      return {
        ...{ issue, title, state, agents: [...new Set(own.map(({ name }) => name))], attempts: own.length },
        ...{ gates: { passed, failed }, reviewRounds: rounds, pullRequest: pull },
        ...{ testsAdded: facts?.cases ?? null, coverage: facts?.coverage ?? [] },
      }
    }),
    testFilesChanged: paths.filter(isTestFile).length,
    ...testsIn(items, tests),
    agents: agentsIn(attempts),
    ...(await costOfRuns(
      db,
      attempts.map(({ id }) => id),
    )),
    timeline: timelineOf(items, attempts, from),
    next: next.items.map(({ issue, title }) => ({ issue, title })),
  }
}

function agentsIn(attempts: readonly AttemptFacts[]): ReportView['agents'] {
  return [...Map.groupBy(attempts, ({ name, kind }) => `${name}\0${kind}`).values()].flatMap((own) => {
    const [first] = own
    const items = new Set(own.map(({ workItemId }) => workItemId)).size
    return first ? [{ name: first.name, kind: first.kind, attempts: own.length, items }] : []
  })
}

/** What was added to the tests by what is done, and the coverage that was reported last. */
function testsIn(
  items: readonly ItemRow[],
  facts: ReadonlyMap<number, TestFacts>,
): Pick<ReportView, 'testsAdded' | 'coverage'> {
  const done = items
    .filter(({ state }) => state === 'done')
    .sort((a, b) => (a.doneAt?.getTime() ?? 0) - (b.doneAt?.getTime() ?? 0))
    .flatMap(({ id, issueNumber: issue }) => ({ issue, ...(facts.get(id) ?? { files: 0, cases: 0, coverage: [] }) }))
  const last = done.findLast(({ coverage }) => coverage.length > 0)
  return {
    testsAdded: {
      files: done.reduce((sum, { files }) => sum + files, 0),
      cases: done.reduce((sum, { cases }) => sum + cases, 0),
    },
    coverage: last ? last.coverage.map((one) => ({ ...one, issue: last.issue })) : [],
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
      text: agentStarted(one.name, `#${issueOf.get(one.workItemId)}`),
    })),
    ...items.flatMap((item) =>
      item.state === 'done' && item.doneAt
        ? [{ at: item.doneAt.getTime(), text: itemCompleted(`#${item.issueNumber}`) }]
        : [],
    ),
  ]
  return steps
    .sort((a, b) => a.at - b.at)
    .slice(-most.steps)
    .map(({ at, text }) => ({ minute: Math.max(0, Math.round((at - from) / 60_000)), text }))
}
