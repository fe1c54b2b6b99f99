/** The work of a repository as people and programs see it: pending, in progress, completed. */

import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemState } from '../lib/item-state.ts'
import { belongingsOf } from './item-belongings.ts'
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

/**
 * The work queue of a repository: the most urgent first, the newest first among the completed. Three statements, however
 * many lists: each one is a way to the database and back.
 */
export async function workQueueOf(db: Database, repositoryId: number, page: QueuePage = {}): Promise<WorkQueueView> {
  const { limit = 50, list, cursor } = page
  const totals = await countStates(db, repositoryId)
  const count = (states: readonly ItemState[]) => states.reduce((sum, state) => sum + (totals.get(state) ?? 0), 0)
  const wanted = list === undefined ? queueLists : [list]
  const states = wanted.flatMap((name) => statesOf[name]).filter((state) => (totals.get(state) ?? 0) > 0)
  const rows = await firstOfEach(db, states, { repositoryId, limit, cursor })
  const pages = queueLists.map((name) => pageOf(name, rows, limit))
  const views = await viewsOf(
    db,
    pages.flatMap(({ rows }) => rows),
  )
  const viewOf = new Map(views.map((view) => [view.issue, view]))
  const itemsOf = (name: QueueList) =>
    pages[queueLists.indexOf(name)]?.rows.flatMap(({ issueNumber }) => viewOf.get(issueNumber) ?? []) ?? []
  const nextOf = (name: QueueList) => pages[queueLists.indexOf(name)]?.next ?? null
  return {
    pending: itemsOf('pending'),
    needsPerson: itemsOf('needsPerson'),
    inProgress: itemsOf('inProgress'),
    completed: itemsOf('completed'),
    totals: {
      pending: count(statesOf.pending),
      inProgress: count(statesOf.inProgress),
      completed: count(statesOf.completed),
      needsPerson: count(statesOf.needsPerson),
      left: count(statesOf.left),
    },
    next: {
      pending: nextOf('pending'),
      needsPerson: nextOf('needsPerson'),
      inProgress: nextOf('inProgress'),
      completed: nextOf('completed'),
    },
  }
}

/** The place behind an item: its priority or the time of its end in ms, and its issue. */
export type QueueCursor = readonly [number, number]

/** A cursor from its text. @returns undefined when it is none. */
export function readCursor(text: string): QueueCursor | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

/** What a view shows of the row of an item. The text of its issue may be long, and is not read. */
const shown = {
  ...{ id: workItems.id, issueNumber: workItems.issueNumber, title: workItems.title, url: workItems.url },
  ...{ kind: workItems.kind, state: workItems.state, reason: workItems.reason, module: workItems.module },
  ...{ loop: workItems.loop, priority: workItems.priority, effort: workItems.effort, doneAt: workItems.doneAt },
  ...{ requestedBy: workItems.requestedBy, updatedAt: workItems.updatedAt },
}
type ShownRow = Pick<typeof workItems.$inferSelect, keyof typeof shown>

interface Selection {
  repositoryId: number
  /** At most so many of each state. */
  limit: number
  cursor: QueueCursor | undefined
}

/** The first of each state. The indexes are read in their order: the cost depends on the page and not on the backlog. */
async function firstOfEach(db: Database, states: readonly ItemState[], selection: Selection): Promise<ShownRow[]> {
  const [first, second, ...more] = states.map((state) =>
    state === 'done' ? completedIn(db, selection) : urgentIn(db, state, selection),
  )
  if (!first) return []
  return second ? unionAll(first, second, ...more) : first
}

function urgentIn(db: Database, state: ItemState, { repositoryId, limit, cursor }: Selection) {
  const behind = cursor && sql`(${workItems.priority}, ${workItems.issueNumber}) > (${cursor[0]}, ${cursor[1]})`
  return db
    .select(shown)
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), isTask, eq(workItems.state, state), behind))
    .orderBy(asc(workItems.priority), asc(workItems.issueNumber))
    .limit(limit)
}

function completedIn(db: Database, { repositoryId, limit, cursor }: Selection) {
  const at = cursor && new Date(cursor[0]).toISOString()
  // Times of the database are finer than those of a cursor.
  const behind =
    cursor &&
    sql`(date_trunc('milliseconds', ${workItems.doneAt}), ${workItems.id}) < (${at}::timestamptz, ${cursor[1]})`
  return db
    .select(shown)
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

/** The page of one list, of the first of each of its states. */
function pageOf(list: QueueList, all: readonly ShownRow[], limit: number): { rows: ShownRow[]; next: string | null } {
  const states: readonly ItemState[] = statesOf[list]
  const endOf = ({ doneAt }: ShownRow) => doneAt?.getTime() ?? 0
  const rows = all
    .filter(({ state }) => states.includes(state))
    .sort((a, b) =>
      list === 'completed'
        ? endOf(b) - endOf(a) || b.id - a.id
        : a.priority - b.priority || a.issueNumber - b.issueNumber,
    )
    .slice(0, limit)
  const last = rows.at(-1)
  if (!last || rows.length < limit) return { rows, next: null }
  return { rows, next: list === 'completed' ? `${endOf(last)}.${last.id}` : `${last.priority}.${last.issueNumber}` }
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
    .select(shown)
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), isTask, inArray(workItems.state, [...states])))
    .orderBy(...order)
    .limit(limit)
  return viewsOf(db, rows)
}

/** The views of items that were read already. */
export async function viewsOf(db: Database, rows: readonly ShownRow[]): Promise<WorkItemView[]> {
  const belongings = await belongingsOf(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => {
    const { waitsFor = [], agent = null, pullRequest = null } = belongings.get(row.id) ?? {}
    return {
      ...{ issue: row.issueNumber, title: row.title, url: row.url, kind: row.kind, state: row.state },
      ...{ reason: row.reason, moduleId: moduleIdOf(row), loopId: row.loop, priority: row.priority },
      ...{ effort: row.effort, waitsFor: [...waitsFor], agent, pullRequest },
      ...{ requestedBy: row.requestedBy, updatedAt: row.updatedAt.toISOString() },
    }
  })
}
