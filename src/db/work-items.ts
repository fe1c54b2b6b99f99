/** Work items: adding them, finding them, and `transition`, the only function that changes their state. */

import { and, asc, eq, inArray, isNotNull, notInArray, sql } from 'drizzle-orm'
import type { Job } from '../domain/jobs.ts'
import { canTransition, isInactive, nextJob, reviewStates, terminalStates } from '../domain/lifecycle.ts'
import { callsPeople, factOf } from '../domain/notices.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import type { ItemState } from '../lib/item-state.ts'
import { reviewIsOver } from '../messages/agent-review.ts'
import { announceStep } from './announcements.ts'
import { appendAudit } from './audit-log.ts'
import type { Database, Tx } from './connect.ts'
import { addLifecycleEvent } from './crew-events.ts'
import { pullOfItem } from './pull-requests.ts'
import { getRepository } from './repositories.ts'
import { cancelSideRuns } from './runs.ts'
import { pullRequests } from './schema/pull-requests.ts'
import { workItems } from './schema/work-items.ts'
import {
  commentTimeFor,
  pullRequestCommentDelayMs,
  requestPullRequestComment,
  requestRoadmapComments,
  requestStatusComment,
  updateStateLabel,
} from './status-comment.ts'

export type ItemRow = typeof workItems.$inferSelect

/** Thrown when an item's state has changed since it was read. The job that catches it reads the item again. */
export class StaleItem extends Error {
  override name = 'StaleItem'
}

/** Adds a work item in `queued`, or returns undefined when the issue already has one. */
export async function addWorkItem(
  tx: Tx,
  item: typeof workItems.$inferInsert,
  actor: string,
): Promise<ItemRow | undefined> {
  const [row] = await tx.db.insert(workItems).values(item).onConflictDoNothing().returning()
  if (!row) return undefined
  await appendAudit(tx, {
    repositoryId: row.repositoryId,
    workItemId: row.id,
    actor,
    what: 'queued',
    detail: { issue: row.issueNumber },
  })
  const job = nextJob(row.state, row.id)
  if (job) await tx.enqueue(job)
  await requestStatusComment(tx, row, 'soon', { asked: true })
  return row
}

/**
 * Moves an item to its next state. In the caller's transaction it also writes the audit log, queues the job of that
 * state and requests an edit of the status comment.
 * @throws {StaleItem} when the item is no longer in the state that the caller has read.
 * @throws {Error} when the lifecycle does not allow the step: a defect in the caller.
 */
export async function transition(
  tx: Tx,
  item: ItemRow,
  to: ItemState,
  by: { actor: string; why: string; set?: Partial<ItemRow>; after?: Date },
): Promise<ItemRow> {
  if (!canTransition(item.state, to))
    throw new Error(`the lifecycle has no step from ${item.state} to ${to} (item ${item.id})`)
  const [row] = await tx.db
    .update(workItems)
    .set({
      ...(mutedStates.includes(to) ? {} : { muted: false }),
      ...repliesAfter(to, workItems),
      ...by.set,
      state: to,
      resumeState: item.state,
      reason: by.why,
      notBefore: by.after ?? null,
      updatedAt: currentTime(),
    })
    .where(and(eq(workItems.id, item.id), eq(workItems.state, item.state)))
    .returning()
  if (!row) throw new StaleItem(`item ${item.id} is no longer ${item.state}`)
  // A muted item that no agent has started leaves nothing behind to clean up.
  const skipCleanup = item.muted && to === 'cancelled'
  const job = row.kind === 'epic' ? nextEpicJob(to, item.id) : skipCleanup ? undefined : nextJob(to, item.id)
  const batched = item.muted ? nextBatchTime() : undefined
  if (job) await tx.enqueue(job, { after: by.after ?? (job.queue === 'schedule' ? batched : undefined) })
  // It is finished or inactive: its files are free, and items that depend on it may start.
  if (terminalStates.includes(to) || isInactive(to)) await tx.enqueue({ queue: 'schedule' }, { after: batched })
  const { repositoryId, issueNumber } = item
  tx.notify({ repositoryId, issueNumber, from: item.state, to, actor: by.actor, why: by.why })
  const repo = await getRepository(tx.db, item.repositoryId)
  await updateStateLabel(tx, row, item.state, repo)
  await requestStatusComment(tx, row, commentTimeFor(to))
  if (isInactive(to)) await notifyReviewers(tx, row)
  await endReviewOf(tx, item, row)
  await foldPullReplies(tx, row)
  const above = repo ? await requestRoadmapComments(tx, repo, row) : []
  if (repo) await announceStep(tx, above, { item: row, repository: repo.fullName }, { from: item.state, to })
  if (!item.muted) await addLifecycleEvent(tx, row, { from: item.state, to, why: by.why, repository: repo?.fullName })
  if (callsPeople(to, repo?.settings))
    await tx.enqueue({ queue: 'notify-people', workItemId: item.id, fact: factOf(to, row.updatedAt), reminder: 0 })
  await appendAudit(tx, {
    repositoryId: item.repositoryId,
    workItemId: item.id,
    actor: by.actor,
    what: `${item.state} → ${to}`,
    detail: { why: by.why },
  })
  return row
}

/** States on the way that the reply to `/merge` announces: it is true there. */
const repliesHold: readonly ItemState[] = ['approved', 'merging']

/** What was replied before a step may be true no longer. */
function repliesAfter(to: ItemState, { reply, oldReply }: typeof workItems | typeof pullRequests) {
  if (repliesHold.includes(to)) return {}
  return { reply: null, oldReply: sql<string | null>`coalesce(${reply}, ${oldReply})` }
}

async function foldPullReplies(tx: Tx, { id, state }: ItemRow): Promise<void> {
  if (repliesHold.includes(state)) return
  await tx.db
    .update(pullRequests)
    .set(repliesAfter(state, pullRequests))
    .where(and(eq(pullRequests.workItemId, id), isNotNull(pullRequests.reply)))
}

/** An agent that reviews the pull request stops once the item leaves review. */
async function endReviewOf(tx: Tx, before: ItemRow, now: ItemRow): Promise<void> {
  if (reviewStates.includes(before.state) && !reviewStates.includes(now.state))
    await cancelSideRuns(tx, now.id, reviewIsOver)
}

/** A pull request that waits for a person says so itself: its reviewers need not read the issue. */
export async function notifyReviewers(tx: Tx, item: ItemRow): Promise<void> {
  const pull = await pullOfItem(tx.db, item.id)
  if (pull?.state !== 'open') return
  await requestPullRequestComment(tx, item, pull.number, { after: new Date(currentMs() + pullRequestCommentDelayMs) })
}

/**
 * Changes the reason of an item that stays in its state, and queues the job of that state.
 * @throws {StaleItem} when the item is no longer in the state that the caller has read.
 */
export async function updateReason(
  tx: Tx,
  item: ItemRow,
  by: { why: string; set?: Partial<ItemRow>; after?: Date },
): Promise<ItemRow> {
  const [row] = await tx.db
    .update(workItems)
    .set({ ...by.set, reason: by.why, notBefore: by.after ?? null, updatedAt: currentTime() })
    .where(and(eq(workItems.id, item.id), eq(workItems.state, item.state)))
    .returning()
  if (!row) throw new StaleItem(`item ${item.id} is no longer ${item.state}`)
  const job = nextJob(item.state, item.id)
  if (job) await tx.enqueue(job, { after: by.after })
  await requestStatusComment(tx, row, 'later')
  return row
}

/** Muted items share one scheduler pass: a pass for each of a thousand items would be a thousand passes. */
const batchMs = 2_000

function nextBatchTime(): Date {
  return new Date(Math.ceil((currentMs() + 1) / batchMs) * batchMs)
}

/** The states in which a muted item stays muted. */
const mutedStates: readonly ItemState[] = ['queued', 'ready', 'cancelled']

/**
 * No agent starts an epic. Its jobs queue its parts, and release the parts that have not started once it is given up.
 */
function nextEpicJob(to: ItemState, workItemId: number): Job | undefined {
  if (to === 'queued') return { queue: 'triage', workItemId }
  if (to === 'planning') return { queue: 'schedule' }
  return to === 'ready' || to === 'cancelled' || to === 'skipped'
    ? { queue: 'sync-roadmap', workItemId, from: 'issue' }
    : undefined
}

/** One item by its row id. */
export async function getItem(db: Database, id: number): Promise<ItemRow | undefined> {
  const [row] = await db.select().from(workItems).where(eq(workItems.id, id))
  return row
}

/** One item with its row locked until the transaction ends. */
export async function lockItem(tx: Tx, id: number): Promise<ItemRow | undefined> {
  const [row] = await tx.db.select().from(workItems).where(eq(workItems.id, id)).for('no key update')
  return row
}

/** The item of an issue, if it has one. */
export async function itemOfIssue(
  db: Database,
  repositoryId: number,
  issueNumber: number,
): Promise<ItemRow | undefined> {
  const [row] = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.issueNumber, issueNumber)))
  return row
}

/** The item that works on a branch. */
export async function itemOfBranch(db: Database, repositoryId: number, branch: string): Promise<ItemRow | undefined> {
  const [row] = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.branch, branch)))
  return row
}

/** The items of one repository that are not finished, oldest first. */
export async function unfinishedItemsOf(db: Database, repositoryId: number): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), notInArray(workItems.state, [...terminalStates])))
    .orderBy(asc(workItems.id))
}

/** Items in the given states, oldest first. */
export async function itemsInStates(db: Database, states: readonly ItemState[]): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(inArray(workItems.state, [...states]))
    .orderBy(asc(workItems.id))
}

/**
 * Locks these items in the order of their ids, as every transaction does, and reads them.
 * @returns those that exist.
 */
export async function lockItems(tx: Tx, ids: readonly number[]): Promise<ItemRow[]> {
  const locked: ItemRow[] = []
  for (const chunk of chunks(ids.toSorted((one, other) => one - other))) {
    const rows = tx.db.select().from(workItems).where(inArray(workItems.id, chunk))
    locked.push(...(await rows.orderBy(asc(workItems.id)).for('no key update')))
  }
  return locked
}

/** Postgres accepts at most 65,535 values in one statement. */
function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += 5_000) yield rows.slice(from, from + 5_000)
}

/** Every item that is not finished. */
export async function unfinishedItems(db: Database): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(notInArray(workItems.state, [...terminalStates]))
    .orderBy(asc(workItems.id))
}

/** These items, finished or not. */
export async function itemsByIds(db: Database, ids: readonly number[]): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(inArray(workItems.id, [...ids]))
    .orderBy(asc(workItems.id))
}

/** Whether any item is unfinished. Decides how often reconciliation runs. */
export async function hasUnfinishedItems(db: Database): Promise<boolean> {
  const rows = await db
    .select({ id: workItems.id })
    .from(workItems)
    .where(notInArray(workItems.state, [...terminalStates]))
    .limit(1)
  return rows.length > 0
}
