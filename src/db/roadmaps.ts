/** The parts of an epic and of the epics inside it, as far as Tutti knows them. */

import { and, desc, eq, inArray, ne, notInArray, sql } from 'drizzle-orm'
import type { RoadmapPart, RoadmapTree } from '../domain/roadmap.ts'
import type { ScheduleReport } from '../domain/schedule-report.ts'
import type { Database } from './connect.ts'
import { partSources } from './epics.ts'
import { scheduleReportsOf } from './schedule-reports.ts'
import { pullRequests } from './schema/pull-requests.ts'
import { repositories } from './schema/repositories.ts'
import { decisions } from './schema/schedule.ts'
import { dependencies, workItems } from './schema/work-items.ts'
import type { ItemRow } from './work-items.ts'

/** GitHub nests sub-issues this deep. */
const maxDepth = 8

/** All parts of an epic, in the order in which they are written. @param limit at most this many parts. */
export async function roadmapOf(db: Database, epic: ItemRow, limit = 2_000): Promise<RoadmapTree> {
  const parts = new Map<string, RoadmapPart>()
  /** The blockers that the parts of an epic inherit from it and from the epics above it. */
  const inherited = new Map<number, string[]>([[epic.id, []]])
  let epics: { id: number }[] = [epic]
  for (let depth = 0; depth < maxDepth && epics.length > 0 && parts.size < limit; depth++) {
    const ids = epics.map(({ id }) => id)
    for (const { dependentId, key } of await blockersOf(db, ids)) inherited.get(dependentId)?.push(key)
    const found = (await partsOf(db, ids)).filter(({ part }) => part.item?.id !== epic.id)
    const fresh = found.filter(({ part }) => !parts.has(part.key))
    for (const { part } of fresh.slice(0, limit - parts.size)) parts.set(part.key, part)
    for (const { part, of } of found) parts.get(part.key)?.waitsFor.push(...(inherited.get(of) ?? []))
    epics = fresh.flatMap(({ part: { item } }) => (item?.kind === 'epic' ? [item] : []))
    for (const { part, of } of fresh) if (part.item) inherited.set(part.item.id, [...(inherited.get(of) ?? [])])
  }
  const all = [...parts.values()]
  // An epic that waits for a part of its own adds nothing for its parts.
  for (const part of all) part.waitsFor = [...new Set(part.waitsFor)].filter((key) => !parts.has(key))
  await addFacts(db, all)
  return { parts: all, reports: await reportsFor(db, all) }
}

/** The issues that epics wait for; their parts are not among them. */
async function blockersOf(db: Database, epicIds: number[]): Promise<{ dependentId: number; key: string }[]> {
  const rows = await db
    .select()
    .from(dependencies)
    .where(
      and(
        inArray(dependencies.dependentId, epicIds),
        notInArray(dependencies.source, [...partSources]),
        ne(dependencies.blocker, 'closed'),
      ),
    )
    .orderBy(dependencies.repository, dependencies.issueNumber)
  return rows.map((row) => ({ dependentId: row.dependentId, key: `${row.repository}#${row.issueNumber}` }))
}

async function partsOf(db: Database, epicIds: number[]): Promise<{ part: RoadmapPart; of: number }[]> {
  const rows = await db
    .select({ edge: dependencies, item: workItems })
    .from(dependencies)
    .leftJoin(repositories, eq(sql`lower(${repositories.fullName})`, dependencies.repository))
    .leftJoin(
      workItems,
      and(eq(workItems.repositoryId, repositories.id), eq(workItems.issueNumber, dependencies.issueNumber)),
    )
    .where(and(inArray(dependencies.dependentId, epicIds), inArray(dependencies.source, [...partSources])))
    .orderBy(dependencies.dependentId, dependencies.position, dependencies.id)
  return rows.map(({ edge, item }) => ({
    of: edge.dependentId,
    part: {
      key: `${edge.repository}#${edge.issueNumber}`,
      repository: edge.repository,
      number: edge.issueNumber,
      heading: edge.heading,
      issue: edge.blocker,
      ...(item ? { item } : {}),
      after: [],
      waitsFor: [],
    },
  }))
}

/** Adds the blockers of the parts, their expected hours, and their pull requests. */
async function addFacts(db: Database, parts: readonly RoadmapPart[]): Promise<void> {
  const byItem = new Map(parts.flatMap((part) => (part.item ? [[part.item.id, part] as const] : [])))
  const ids = [...byItem.keys()]
  if (ids.length === 0) return
  const edges = await db
    .select()
    .from(dependencies)
    .where(inArray(dependencies.dependentId, ids))
    .orderBy(dependencies.repository, dependencies.issueNumber)
  for (const edge of edges) {
    const part = byItem.get(edge.dependentId)
    const key = `${edge.repository}#${edge.issueNumber}`
    if (part && !part.after.includes(key)) part.after.push(key)
    if (edge.blocker !== 'closed' && part && !part.waitsFor.includes(key)) part.waitsFor.push(key)
  }
  const last = await db
    .selectDistinctOn([decisions.workItemId], { workItemId: decisions.workItemId, leverage: decisions.leverage })
    .from(decisions)
    .where(inArray(decisions.workItemId, ids))
    .orderBy(decisions.workItemId, desc(decisions.id))
  for (const { workItemId, leverage } of last) {
    const part = byItem.get(workItemId)
    if (part && leverage) part.hours = leverage.effort
  }
  const pulls = await db
    .select({ workItemId: pullRequests.workItemId, number: pullRequests.number })
    .from(pullRequests)
    .where(and(inArray(pullRequests.workItemId, ids), eq(pullRequests.state, 'open')))
  for (const { workItemId, number } of pulls) {
    const part = byItem.get(workItemId)
    if (part) part.pull = number
  }
}

async function reportsFor(db: Database, parts: readonly RoadmapPart[]): Promise<Map<string, ScheduleReport>> {
  const byRepository = new Map(
    parts.flatMap(({ item, repository }) => (item ? [[item.repositoryId, repository] as const] : [])),
  )
  const reports = await scheduleReportsOf(db, [...byRepository.keys()])
  return new Map([...reports].map(([repositoryId, report]) => [byRepository.get(repositoryId) ?? '', report]))
}
