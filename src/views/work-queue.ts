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

/** The lists of the work queue. */
export const queueLists = ['pending', 'needsPerson', 'inProgress', 'completed'] as const
export type QueueList = (typeof queueLists)[number]

const cursor = z.string().nullable().describe('For the next page of this list; null at its end')

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
  next: z.object({ pending: cursor, inProgress: cursor, completed: cursor, needsPerson: cursor }),
})
export type WorkQueueView = z.infer<typeof workQueueView>

/** Which part of the work queue. */
export interface QueuePage {
  /** At most so many of each list; 50 when absent. */
  limit?: number | undefined
  /** Only this list; the others are empty. */
  list?: QueueList | undefined
  /** What `next` of the page before names for that list. */
  cursor?: QueueCursor | undefined
}

/** The work queue of a repository: the most urgent first, the newest first among the completed. */
export async function workQueueOf(db: Database, repositoryId: number, page: QueuePage = {}): Promise<WorkQueueView> {
  const { limit = 50, list, cursor } = page
  const totals = await countStates(db, repositoryId)
  const count = (states: readonly ItemState[]) => states.reduce((sum, state) => sum + (totals.get(state) ?? 0), 0)
  const wanted = list === undefined ? queueLists : [list]
  const pages = { pending: none, needsPerson: none, inProgress: none, completed: none }
  const filled = (states: readonly ItemState[]) => states.filter((state) => (totals.get(state) ?? 0) > 0)
  for (const name of wanted)
    pages[name] = await pageOf(db, repositoryId, { list: name, states: filled(statesOf[name]), limit, cursor })
  const { pending, needsPerson, inProgress, completed } = pages
  // What belongs to the items is read once for all lists: each statement is a way to the database and back.
  const views = await viewsOf(
    db,
    [pending, needsPerson, inProgress, completed].flatMap(({ rows }) => rows),
  )
  const viewOf = new Map(views.map((view) => [view.issue, view]))
  const itemsOf = ({ rows }: ListPage) => rows.flatMap(({ issueNumber }) => viewOf.get(issueNumber) ?? [])
  return {
    pending: itemsOf(pending),
    needsPerson: itemsOf(needsPerson),
    inProgress: itemsOf(inProgress),
    completed: itemsOf(completed),
    totals: {
      pending: count(statesOf.pending),
      inProgress: count(statesOf.inProgress),
      completed: count(statesOf.completed),
      needsPerson: count(statesOf.needsPerson),
      left: count(statesOf.left),
    },
    next: {
      pending: pending.next,
      needsPerson: needsPerson.next,
      inProgress: inProgress.next,
      completed: completed.next,
    },
  }
}

interface ListPage {
  rows: readonly (typeof workItems.$inferSelect)[]
  next: string | null
}
const none: ListPage = { rows: [], next: null }

/** The place behind an item: its priority or the time of its end in ms, and its issue. */
export type QueueCursor = readonly [number, number]

/** A cursor from its text. @returns undefined when it is none. */
export function readCursor(text: string): QueueCursor | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

/** One list. The index is read in its order, state by state: the cost depends on the page and not on the backlog. */
async function pageOf(
  db: Database,
  repositoryId: number,
  page: { list: QueueList; states: readonly ItemState[]; limit: number; cursor: QueueCursor | undefined },
): Promise<ListPage> {
  const { list, states, limit, cursor } = page
  if (states.length === 0) return none
  const rows =
    list === 'completed'
      ? await completedIn(db, repositoryId, limit, cursor)
      : await urgentIn(db, repositoryId, { states, limit, cursor })
  const last = rows.at(-1)
  const next =
    !last || rows.length < limit
      ? null
      : list === 'completed'
        ? `${last.doneAt?.getTime() ?? 0}.${last.id}`
        : `${last.priority}.${last.issueNumber}`
  return { rows, next }
}

async function urgentIn(
  db: Database,
  repositoryId: number,
  { states, limit, cursor }: { states: readonly ItemState[]; limit: number; cursor: QueueCursor | undefined },
): Promise<(typeof workItems.$inferSelect)[]> {
  const behind = cursor && sql`(${workItems.priority}, ${workItems.issueNumber}) > (${cursor[0]}, ${cursor[1]})`
  const rows: (typeof workItems.$inferSelect)[] = []
  for (const state of states) {
    const own = and(eq(workItems.repositoryId, repositoryId), isTask, eq(workItems.state, state), behind)
    const order = [asc(workItems.priority), asc(workItems.issueNumber)]
    rows.push(
      ...(await db
        .select()
        .from(workItems)
        .where(own)
        .orderBy(...order)
        .limit(limit)),
    )
  }
  return rows.sort((a, b) => a.priority - b.priority || a.issueNumber - b.issueNumber).slice(0, limit)
}

async function completedIn(
  db: Database,
  repositoryId: number,
  limit: number,
  cursor: QueueCursor | undefined,
): Promise<(typeof workItems.$inferSelect)[]> {
  const at = cursor && new Date(cursor[0]).toISOString()
  // Times of the database are finer than those of a cursor.
  const behind =
    cursor &&
    sql`(date_trunc('milliseconds', ${workItems.doneAt}), ${workItems.id}) < (${at}::timestamptz, ${cursor[1]})`
  return db
    .select()
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        isTask,
        sql`${workItems.state} = 'done'`,
        sql`${workItems.doneAt} is not null`,
        behind,
        cursor && sql`${workItems.doneAt} < ${at}::timestamptz + interval '1 millisecond'`,
      ),
    )
    .orderBy(desc(workItems.doneAt), desc(workItems.id))
    .limit(limit)
}

/** Written as the indexes have it. */
const isTask = sql`${workItems.kind} = 'task'`

/** How many items of a repository are in each state; a state without any is absent. Roadmaps are not counted. */
export async function countStates(db: Database, repositoryId: number): Promise<Map<ItemState, number>> {
  const rows = await db
    .select({ state: workItems.state, count: sql`count(*)`.mapWith(Number) })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), isTask))
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
    .where(and(eq(workItems.repositoryId, repositoryId), isTask, inArray(workItems.state, [...states])))
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
