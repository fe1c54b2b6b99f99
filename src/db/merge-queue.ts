/** The merge queue of each base branch, and the batches that were tested. */

import { and, asc, desc, eq } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { type BatchMember, mergeBatches, mergeQueue } from './schema/merging.ts'
import { locks } from './schema/processes.ts'
import { pullRequests } from './schema/pull-requests.ts'
import { workItems } from './schema/work-items.ts'

export type BatchRow = typeof mergeBatches.$inferSelect

/** One queue: a base branch of a repository. */
export interface QueueOf {
  repositoryId: number
  baseBranch: string
}

const ofQueue = ({ repositoryId, baseBranch }: QueueOf) =>
  and(eq(mergeQueue.repositoryId, repositoryId), eq(mergeQueue.baseBranch, baseBranch))

/** Everything that waits, oldest first, with its pull request and item as they are now. */
export async function queued(db: Database, of: QueueOf) {
  return db
    .select({ entry: mergeQueue, pull: pullRequests, item: workItems })
    .from(mergeQueue)
    .innerJoin(pullRequests, eq(mergeQueue.pullRequestId, pullRequests.id))
    .innerJoin(workItems, eq(pullRequests.workItemId, workItems.id))
    .where(ofQueue(of))
    .orderBy(asc(mergeQueue.id))
}

/** The place of a pull request, if it waits. */
export async function queueEntry(db: Database, pullRequestId: number) {
  const [row] = await db.select().from(mergeQueue).where(eq(mergeQueue.pullRequestId, pullRequestId))
  return row
}

/** Lets one transaction at a time decide about a queue. */
export async function lockQueue(tx: Tx, { repositoryId, baseBranch }: QueueOf): Promise<void> {
  const name = `merge-queue:${repositoryId}:${baseBranch}`
  await tx.db.insert(locks).values({ name }).onConflictDoNothing()
  await tx.db.select().from(locks).where(eq(locks.name, name)).for('update')
}

/** Adds a pull request at one commit. Once more at another commit, it waits from now on. */
export async function joinQueue(tx: Tx, entry: QueueOf & { pullRequestId: number; sha: string }): Promise<void> {
  await tx.db
    .insert(mergeQueue)
    .values(entry)
    .onConflictDoUpdate({ target: mergeQueue.pullRequestId, set: { ...entry, createdAt: currentTime() } })
}

/** Takes a pull request out. @returns whether it was there. */
export async function leaveQueue(tx: Tx, pullRequestId: number): Promise<boolean> {
  const rows = await tx.db.delete(mergeQueue).where(eq(mergeQueue.pullRequestId, pullRequestId)).returning()
  return rows.length > 0
}

/** The queues in which something waits. */
export async function busyQueues(db: Database): Promise<QueueOf[]> {
  return db
    .selectDistinct({ repositoryId: mergeQueue.repositoryId, baseBranch: mergeQueue.baseBranch })
    .from(mergeQueue)
}

/** How many pull requests of a base branch are being merged at this moment. */
export async function mergingNow(db: Database, { repositoryId, baseBranch }: QueueOf): Promise<number> {
  const rows = await db
    .select({ id: workItems.id })
    .from(workItems)
    .innerJoin(pullRequests, eq(pullRequests.workItemId, workItems.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        eq(workItems.state, 'merging'),
        eq(pullRequests.state, 'open'),
        eq(pullRequests.baseBranch, baseBranch),
      ),
    )
  return rows.length
}

/** More batches than this are of another day. */
const remembered = 100

/** The last batches of a queue, newest first. */
export async function batchesOf(db: Database, { repositoryId, baseBranch }: QueueOf): Promise<BatchRow[]> {
  return db
    .select()
    .from(mergeBatches)
    .where(and(eq(mergeBatches.repositoryId, repositoryId), eq(mergeBatches.baseBranch, baseBranch)))
    .orderBy(desc(mergeBatches.id))
    .limit(remembered)
}

/** One batch. */
export async function getBatch(db: Database, id: number): Promise<BatchRow | undefined> {
  const [row] = await db.select().from(mergeBatches).where(eq(mergeBatches.id, id))
  return row
}

/** Stores a batch that is to be tested, or whose verdict is known. */
export async function addBatch(
  tx: Tx,
  batch: QueueOf & { baseSha: string; baseTree: string; members: BatchMember[] } & Partial<
      Pick<BatchRow, 'state' | 'log'>
    >,
): Promise<BatchRow> {
  const [row] = await tx.db.insert(mergeBatches).values(batch).returning()
  if (!row) throw new Error('the batch was not stored')
  return row
}

/** Stores the verdict on a batch. The first one counts. */
export async function endBatch(
  tx: Tx,
  id: number,
  set: Pick<BatchRow, 'log' | 'milliseconds'> & { state: 'passed' | 'failed' | 'void' },
): Promise<void> {
  await tx.db
    .update(mergeBatches)
    .set({ ...set, endedAt: currentTime() })
    .where(and(eq(mergeBatches.id, id), eq(mergeBatches.state, 'testing')))
}
