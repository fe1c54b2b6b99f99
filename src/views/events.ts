/** What has happened in a repository, as one list with a cursor: steps of items, commands, and who gave them. */

import { and, asc, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { auditLog, repositories } from '../db/schema/repositories.ts'
import { workItems } from '../db/schema/work-items.ts'

/** One event. */
export const eventView = z.object({
  id: z.number().int().describe('Grows; the cursor for what comes after it'),
  at: z.string().describe('ISO 8601'),
  repository: z.string(),
  issue: z.number().int().nullable(),
  title: z.string(),
  actor: z.string().describe('A login, `tutti`, `github`, or `token:<name>`'),
  what: z.string().describe('`running → checking`, `/merge`, `>>> PHASE 4: …` and `[5 min] …` of a roadmap, …'),
  why: z.string(),
})
export type EventView = z.infer<typeof eventView>

/** So long a transaction of ours may take at most, in milliseconds; those of other databases on the server may take hours. */
const longestMs = 10_000

/** Which events: without `after` the newest, with it those that follow. */
interface EventsPage {
  after?: number | undefined
  /** Only older ones. */
  before?: number | undefined
  /** At most so many; 100 when absent. */
  limit?: number | undefined
  issue?: number
}

/** The events of repositories, as `readEvents` has them. */
export async function listEvents(
  db: Database,
  repositoryIds: readonly number[],
  page: EventsPage = {},
): Promise<EventView[]> {
  return (await readEvents(db, repositoryIds, page)).map(({ event }) => event)
}

/**
 * The events of repositories, each with the row of its repository. Without `after` the newest come first; with it, those that follow, the oldest first.
 * Of one repository they are there in the order of their ids. Of several, a transaction that is still under way may add an
 * entry with a smaller id than one that is here already: the first entry of which that cannot be excluded, and all behind
 * it, wait a moment, and a reader who goes on from the last id misses none.
 */
export async function readEvents(
  db: Database,
  repositoryIds: readonly number[],
  page: EventsPage,
): Promise<{ repositoryId: number; event: EventView }[]> {
  if (repositoryIds.length === 0) return []
  const old = sql`${auditLog.at} < now() - ${longestMs} * interval '1 millisecond'`
  const over = sql`${auditLog}.xmin::text::bigint < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint & 4294967295)`
  const settled = repositoryIds.length === 1 ? sql<boolean>`true` : sql<boolean>`${old} or ${over}`
  const rows = await db
    .select({
      ...{ id: auditLog.id, at: auditLog.at, actor: auditLog.actor, what: auditLog.what, detail: auditLog.detail },
      repositoryId: auditLog.repositoryId,
      ...{ repository: repositories.fullName, issue: workItems.issueNumber, title: workItems.title, settled },
    })
    .from(auditLog)
    .innerJoin(repositories, eq(auditLog.repositoryId, repositories.id))
    .leftJoin(workItems, eq(auditLog.workItemId, workItems.id))
    .where(
      and(
        inArray(auditLog.repositoryId, [...repositoryIds]),
        page.after === undefined ? undefined : gt(auditLog.id, page.after),
        page.before === undefined ? undefined : lt(auditLog.id, page.before),
        page.issue === undefined ? undefined : eq(workItems.issueNumber, page.issue),
      ),
    )
    .orderBy(page.after === undefined ? desc(auditLog.id) : asc(auditLog.id))
    .limit(page.limit ?? 100)
  // Not by the condition above: an entry that must wait would be left out, and those behind it handed out.
  const end = page.after === undefined ? -1 : rows.findIndex((row) => !row.settled)
  return (end === -1 ? rows : rows.slice(0, end)).map(({ at, title, detail, settled: _, repositoryId, ...row }) => ({
    repositoryId,
    event: {
      ...row,
      at: at.toISOString(),
      title: title ?? '',
      why: typeof detail.why === 'string' ? detail.why : '',
    },
  }))
}
