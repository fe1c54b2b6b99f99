/** Epics: the items of roadmaps and large goals, and the edges that name the issues they consist of. */

import { and, asc, eq, inArray, like, notInArray } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database, Tx } from './connect.ts'
import type { DependencyRow } from './dependencies.ts'
import { getRepository } from './repositories.ts'
import { isSideRun, runsOf } from './runs.ts'
import { idempotencyKeys } from './schema/deliveries.ts'
import { dependencies, type EpicFacts, workItems } from './schema/work-items.ts'
import { type ItemRow, transition } from './work-items.ts'

/** The sources of edges that name a part of an epic. */
export const partSources = ['sub-issue', 'task-list', 'roadmap', 'plan'] as const

export type PartSource = (typeof partSources)[number]

/** Whether an edge of an epic names a part of it, and not an issue that it waits for. */
export function isPart(edge: Pick<DependencyRow, 'source'>): boolean {
  return partSources.some((source) => source === edge.source)
}

/** One issue that an epic consists of. */
export type EpicPart = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker' | 'position' | 'heading'>

/** GitHub nests sub-issues this deep ("Adding sub-issues", docs.github.com). */
const maxDepth = 8

/** The idempotency key for "a person without write access added this part: the epic does not queue it". */
export const notQueuedKey = (epicId: number, part: Pick<EpicPart, 'repository' | 'issueNumber'>) =>
  `${notQueuedPrefix(epicId)}${part.repository}#${part.issueNumber}`
const notQueuedPrefix = (epicId: number) => `not-taken:${epicId}:`

/** Every edge that names a part of an epic, in the order of its source. */
export async function partsOf(db: Database, epicId: number): Promise<DependencyRow[]> {
  return db
    .select()
    .from(dependencies)
    .where(and(eq(dependencies.dependentId, epicId), inArray(dependencies.source, [...partSources])))
    .orderBy(dependencies.position, dependencies.id)
}

/** Postgres accepts at most 65,535 parameters in one statement. */
const rowsAtOnce = 1_000

/** Replaces the parts of an epic that come from one source. */
export async function setParts(tx: Tx, epicId: number, source: PartSource, parts: readonly EpicPart[]): Promise<void> {
  await tx.db.delete(dependencies).where(and(eq(dependencies.dependentId, epicId), eq(dependencies.source, source)))
  for (let at = 0; at < parts.length; at += rowsAtOnce) {
    const rows = parts.slice(at, at + rowsAtOnce).map((part) => ({ ...part, source, dependentId: epicId }))
    await tx.db.insert(dependencies).values(rows).onConflictDoNothing()
  }
}

/** Adds one part. An existing one stays as it is. */
export async function addPart(tx: Tx, epicId: number, source: PartSource, part: EpicPart): Promise<void> {
  await tx.db
    .insert(dependencies)
    .values({ ...part, source, dependentId: epicId })
    .onConflictDoNothing()
}

/** The epics that an issue is a part of. @param repository `owner/name` in any case. */
export async function epicsContaining(db: Database, repository: string, issueNumber: number): Promise<ItemRow[]> {
  const rows = await db
    .selectDistinctOn([workItems.id], { epic: workItems })
    .from(dependencies)
    .innerJoin(workItems, eq(dependencies.dependentId, workItems.id))
    .where(
      and(
        eq(dependencies.repository, repository.toLowerCase()),
        eq(dependencies.issueNumber, issueNumber),
        inArray(dependencies.source, [...partSources]),
        eq(workItems.kind, 'epic'),
      ),
    )
  return rows.map((row) => row.epic)
}

/** Notes for people about an epic's parts and lines. */
export function notesOf(epic: Pick<ItemRow, 'epic'>): string[] {
  const { notes = [], texts = {} } = epic.epic ?? {}
  return [...notes, ...Object.values(texts).flatMap((text) => text.notes)]
}

/** How many lines of an epic are not issues yet. */
export function linesWithoutIssue(epic: Pick<ItemRow, 'epic'>): number {
  return Object.values(epic.epic?.texts ?? {}).reduce((sum, text) => sum + text.unmade, 0)
}

/** How many epics are above an epic, along the longest path. @returns at most `maxDepth`, also in a cycle. */
async function levelsAbove(db: Database, epic: ItemRow): Promise<number> {
  let level = [epic]
  for (let height = 0; height < maxDepth; height++) {
    const parents: ItemRow[] = []
    for (const child of level) {
      const repo = await getRepository(db, child.repositoryId)
      if (repo) parents.push(...(await epicsContaining(db, repo.fullName, child.issueNumber)))
    }
    if (parents.length === 0) return height
    level = [...new Map(parents.map((parent) => [parent.id, parent])).values()]
  }
  return maxDepth
}

/** Whether the parts of an epic may be epics themselves. */
export async function canNest(db: Database, epic: ItemRow): Promise<boolean> {
  return (await levelsAbove(db, epic)) < maxDepth - 1
}

/**
 * Makes a task an epic, unless an agent has worked on it.
 * @returns the updated item; undefined when an agent has worked on it.
 */
export async function becomeEpic(tx: Tx, item: ItemRow, actor: string): Promise<ItemRow | undefined> {
  if (item.kind === 'epic') return item
  if ((await runsOf(tx.db, item.id)).some((run) => !isSideRun(run))) return undefined
  const [epic] = await tx.db.update(workItems).set({ kind: 'epic' }).where(eq(workItems.id, item.id)).returning()
  if (!epic || epic.state === 'queued') return epic
  return transition(tx, epic, 'queued', { actor, why: 'It is made of other issues.' })
}

/**
 * Makes Tutti read a roadmap again, with the present text of its issue. The actor becomes the person who requested it.
 * @param change other facts to set.
 */
export async function resetEpic(
  tx: Tx,
  epic: ItemRow,
  by: { actor: { id: number; login: string }; issue: { title: string; body: string; labels: readonly string[] } },
  change: Partial<EpicFacts>,
): Promise<void> {
  const { actor, issue } = by
  const facts: EpicFacts = { ...(epic.epic ?? { notes: [], texts: {} }), read: false, ...change }
  const text = { title: issue.title, body: issue.body, labels: [...issue.labels] }
  await tx.db.delete(idempotencyKeys).where(like(idempotencyKeys.key, `${notQueuedPrefix(epic.id)}%`))
  await tx.db
    .update(workItems)
    .set({ ...text, requestedBy: actor.login, requestedById: actor.id, epic: facts, muted: false })
    .where(eq(workItems.id, epic.id))
}

/** The roadmaps of a repository that are under way, the oldest first. */
export async function openRoadmaps(db: Database, repositoryId: number): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        eq(workItems.kind, 'epic'),
        notInArray(workItems.state, [...terminalStates]),
      ),
    )
    .orderBy(asc(workItems.id))
}
