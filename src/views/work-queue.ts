/** The work of a repository as people and programs see it: pending, in progress, completed. */

import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { openDependencies } from '../db/dependencies.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemState } from '../lib/item-state.ts'
import { moduleIdOf } from './module-id.ts'

/** Where the states of an item belong. `needsPerson` is pending too; it has a list of its own because it is urgent. */
export const statesOf = {
  pending: ['queued', 'planning', 'ready'],
  needsPerson: ['asking', 'plan-review', 'held', 'paused'],
  inProgress: ['running', 'checking', 'reviewing', 'approved', 'merging'],
  completed: ['done'],
  left: ['skipped', 'cancelled'],
} as const satisfies Record<string, readonly ItemState[]>

/** One item. Times are ISO 8601. */
export const workItemView = z.object({
  issue: z.number().int(),
  title: z.string(),
  url: z.string(),
  kind: z.enum(['task', 'epic']),
  state: z.string(),
  reason: z.string().describe('Why it is in this state'),
  moduleId: z.string(),
  loopId: z.string(),
  priority: z.number().int().describe('0 is the most urgent'),
  effort: z.string().nullable(),
  waitsFor: z.array(z.string()).describe('The open issues that it waits for, as owner/name#12'),
  agent: z.string().nullable().describe('The name of the crew member at work on it, or its kind'),
  pullRequest: z.number().int().nullable(),
  requestedBy: z.string(),
  updatedAt: z.string(),
})
export type WorkItemView = z.infer<typeof workItemView>

/** A page of each list, and how many there are of each. */
export const workQueueView = z.object({
  pending: z.array(workItemView),
  inProgress: z.array(workItemView),
  completed: z.array(workItemView),
  needsPerson: z.array(workItemView).describe('Questions, plans to approve, held and paused items'),
  totals: z.object({
    pending: z.number().int(),
    inProgress: z.number().int(),
    completed: z.number().int(),
    needsPerson: z.number().int(),
    left: z.number().int().describe('Skipped or cancelled'),
  }),
})
export type WorkQueueView = z.infer<typeof workQueueView>

/**
 * The work queue of a repository: the most urgent first, the newest first among the completed.
 * @param limit at most so many of each list; 50 when absent.
 */
export async function workQueueOf(db: Database, repositoryId: number, limit = 50): Promise<WorkQueueView> {
  const list = (states: readonly ItemState[], order: SQL[]) => itemsIn(db, repositoryId, { states, order, limit })
  const urgent = [asc(workItems.priority), asc(workItems.issueNumber)]
  const [pending, needsPerson, inProgress, completed, totals] = [
    await list(statesOf.pending, urgent),
    await list(statesOf.needsPerson, urgent),
    await list(statesOf.inProgress, urgent),
    await list(statesOf.completed, [sql`${workItems.doneAt} desc nulls last`, desc(workItems.id)]),
    await countStates(db, repositoryId),
  ]
  const count = (states: readonly ItemState[]) => states.reduce((sum, state) => sum + (totals.get(state) ?? 0), 0)
  return {
    ...{ pending, inProgress, completed, needsPerson },
    totals: {
      pending: count(statesOf.pending),
      inProgress: count(statesOf.inProgress),
      completed: count(statesOf.completed),
      needsPerson: count(statesOf.needsPerson),
      left: count(statesOf.left),
    },
  }
}

/** How many items of a repository are in each state; a state without any is absent. Roadmaps are not counted. */
export async function countStates(db: Database, repositoryId: number): Promise<Map<ItemState, number>> {
  const rows = await db
    .select({ state: workItems.state, count: sql`count(*)`.mapWith(Number) })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.kind, 'task')))
    .groupBy(workItems.state)
  return new Map(rows.map(({ state, count }) => [state, count]))
}

/** Items of a repository in given states, in a given order. */
export async function itemsIn(
  db: Database,
  repositoryId: number,
  { states, order, limit }: { states: readonly ItemState[]; order: SQL[]; limit: number },
): Promise<WorkItemView[]> {
  const rows = await db
    .select()
    .from(workItems)
    .where(
      and(eq(workItems.repositoryId, repositoryId), eq(workItems.kind, 'task'), inArray(workItems.state, [...states])),
    )
    .orderBy(...order)
    .limit(limit)
  return viewsOf(db, rows)
}

/** The views of items that were read already. */
export async function viewsOf(db: Database, rows: readonly (typeof workItems.$inferSelect)[]): Promise<WorkItemView[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const edges = (await openDependencies(db, ids)).filter(({ blocker }) => blocker !== 'closed')
  const agents = await db
    .select({ id: runs.workItemId, name: runs.memberName, kind: runs.agent })
    .from(runs)
    .where(and(inArray(runs.workItemId, ids), inArray(runs.stage, ['waiting', 'agent'])))
  const pulls = await db
    .select({ id: pullRequests.workItemId, number: pullRequests.number })
    .from(pullRequests)
    .where(inArray(pullRequests.workItemId, ids))
    .orderBy(asc(pullRequests.id))
  const agentOf = new Map(agents.map(({ id, name, kind }) => [id, name ?? kind]))
  const pullOf = new Map(pulls.map(({ id, number }) => [id, number]))
  return rows.map((row) => ({
    ...{ issue: row.issueNumber, title: row.title, url: row.url, kind: row.kind, state: row.state },
    ...{ reason: row.reason, moduleId: moduleIdOf(row), loopId: row.loop, priority: row.priority, effort: row.effort },
    waitsFor: [
      ...new Set(
        edges.filter((edge) => edge.dependentId === row.id).map((edge) => `${edge.repository}#${edge.issueNumber}`),
      ),
    ],
    ...{ agent: agentOf.get(row.id) ?? null, pullRequest: pullOf.get(row.id) ?? null },
    ...{ requestedBy: row.requestedBy, updatedAt: row.updatedAt.toISOString() },
  }))
}
