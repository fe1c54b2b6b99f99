/**
 * Runs: one attempt by one agent. The row is the lease: a runner writes with a `Lease`. When its epoch is no longer the
 * epoch of the row, another runner has taken over, and the write changes nothing.
 */

import { and, asc, desc, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { repositories } from './schema/repositories.ts'
import { runs } from './schema/runs.ts'
import { workItems } from './schema/work-items.ts'

export type RunRow = typeof runs.$inferSelect

/** Proof of holding a run. Only `claimRun` makes one. */
export interface Lease {
  readonly runId: number
  readonly epoch: number
  readonly owner: string
}

/** A run with its lease. */
export interface ClaimedRun {
  lease: Lease
  run: RunRow
}

/** Thrown to a runner that has lost its lease: it must end its agent and write nothing. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/** Adds the next attempt of an item and queues its job. */
export async function addRun(
  tx: Tx,
  workItemId: number,
  run: Pick<RunRow, 'agent' | 'feedback' | 'cleanWorktree'> &
    Partial<Pick<RunRow, 'purpose' | 'memberId' | 'memberName' | 'memberWhy' | 'headSha' | 'countsAsAttempt'>>,
): Promise<RunRow> {
  const row = await insertRun(tx, { workItemId, ...run })
  await tx.enqueue({ queue: 'run-agent', runId: row.id })
  return row
}

/**
 * Adds a run for the commit that a person has pushed to the branch of an item. The gates check it like an agent's
 * commit. It does not count as an attempt.
 */
export async function addPersonRun(tx: Tx, workItemId: number, headSha: string): Promise<RunRow> {
  return addGateRun(tx, workItemId, headSha, 'person')
}

/** The same for a head that git alone has made, of the branch and its base. */
export async function addUpdateRun(tx: Tx, workItemId: number, headSha: string): Promise<RunRow> {
  return addGateRun(tx, workItemId, headSha, 'git')
}

async function addGateRun(tx: Tx, workItemId: number, headSha: string, agent: 'person' | 'git'): Promise<RunRow> {
  const facts = { agent, stage: 'gates' as const, countsAsAttempt: false, headSha, startedAt: currentTime() }
  const row = await insertRun(tx, { workItemId, ...facts })
  await tx.enqueue({ queue: 'run-gates', runId: row.id })
  return row
}

async function insertRun(tx: Tx, run: Omit<typeof runs.$inferInsert, 'attempt'>): Promise<RunRow> {
  const same = and(eq(runs.workItemId, run.workItemId), eq(runs.purpose, run.purpose ?? 'build'))
  const [last] = await tx.db
    .select({ attempt: runs.attempt })
    .from(runs)
    .where(same)
    .orderBy(desc(runs.attempt))
    .limit(1)
  const [row] = await tx.db
    .insert(runs)
    .values({ ...run, attempt: (last?.attempt ?? 0) + 1 })
    .returning()
  if (!row) throw new Error('the run was not stored')
  return row
}

/** A run with what it works on, in one statement: the start of an agent waits for each. */
export async function runWithItem(
  db: Database,
  runId: number,
): Promise<{ run: RunRow; item: typeof workItems.$inferSelect; repo: typeof repositories.$inferSelect } | undefined> {
  const [found] = await db
    .select({ run: runs, item: workItems, repo: repositories })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .innerJoin(repositories, eq(workItems.repositoryId, repositories.id))
    .where(eq(runs.id, runId))
  return found
}

/**
 * Claims a run that is in `stage` and has no lease owner.
 * @returns the lease and the row, or undefined when another runner has it or it is past that stage.
 */
export async function claimRun(
  db: Database,
  runId: number,
  owner: string,
  stage: 'waiting' | 'gates',
): Promise<ClaimedRun | undefined> {
  const [run] = await db
    .update(runs)
    .set({
      leaseOwner: owner,
      processId: owner,
      leaseEpoch: sql`${runs.leaseEpoch} + 1`,
      heartbeatAt: sql`now()`,
      ...(stage === 'waiting' ? { stage: 'agent' as const, startedAt: currentTime() } : {}),
    })
    .where(and(eq(runs.id, runId), eq(runs.stage, stage), isNull(runs.leaseOwner)))
    .returning()
  return run && { lease: { runId, epoch: run.leaseEpoch, owner }, run }
}

/**
 * Writes to a run under its lease.
 * @throws {LeaseLost} when the epoch is stale; nothing is written then.
 */
export async function updateRun(db: Database, lease: Lease, set: Partial<RunRow>): Promise<RunRow> {
  const [run] = await db
    .update(runs)
    .set({ ...set, heartbeatAt: sql`now()` })
    .where(and(eq(runs.id, lease.runId), eq(runs.leaseEpoch, lease.epoch), eq(runs.leaseOwner, lease.owner)))
    .returning()
  if (!run) throw new LeaseLost(`run ${lease.runId} is no longer held with epoch ${lease.epoch}`)
  return run
}

/**
 * Ends an attempt under its lease, and queues a scheduler pass: another agent may start now.
 * @throws {LeaseLost} when the epoch is stale; nothing is written then.
 */
export async function endRun(tx: Tx, lease: Lease, set: Partial<RunRow>): Promise<RunRow> {
  const run = await updateRun(tx.db, lease, { ...set, stage: 'ended', endedAt: currentTime(), leaseOwner: null })
  await tx.enqueue({ queue: 'schedule' })
  return run
}

/**
 * Ends the agent's part of a planning run, under its lease. The run stays live until `on-plan-submitted` or `after-run`
 * has handled it: its item is not planned yet, and no second planning run may start before that.
 * @throws {LeaseLost} when the epoch is stale; nothing is written then.
 */
export async function completePlanningAgent(tx: Tx, lease: Lease, set: Partial<RunRow>): Promise<RunRow> {
  return updateRun(tx.db, lease, { ...set, stage: 'gates', endedAt: currentTime(), leaseOwner: null })
}

/** Ends a run whose agent is done. @returns false when it had ended before. */
export async function closeRun(tx: Tx, runId: number): Promise<boolean> {
  const rows = await tx.db
    .update(runs)
    .set({ stage: 'ended' })
    .where(and(eq(runs.id, runId), ne(runs.stage, 'ended')))
    .returning({ id: runs.id })
  if (rows.length > 0) await tx.enqueue({ queue: 'schedule' })
  return rows.length > 0
}

/** Asks a run to stop. Its runner reads this at the next heartbeat; a runner in this process reads it at once. */
export async function requestStop(
  tx: Tx,
  workItemId: number,
  reason: string,
  { gracefully = false } = {},
): Promise<RunRow[]> {
  return tx.db
    .update(runs)
    .set({ stop: reason, stopGracefully: gracefully })
    .where(and(eq(runs.workItemId, workItemId), inArray(runs.stage, ['waiting', 'agent', 'gates'])))
    .returning()
}

/** Stops every attempt to plan an item. A submitted plan that is not handled yet no longer counts. */
export async function cancelPlanningRuns(tx: Tx, workItemId: number, reason: string): Promise<void> {
  await tx.db
    .update(runs)
    .set({ stop: reason })
    .where(and(eq(runs.workItemId, workItemId), inArray(runs.purpose, [...planningPurposes])))
}

/** Stops the run that is beside an item: that reviews it, or proposes work on it. */
export async function cancelSideRuns(tx: Tx, workItemId: number, reason: string): Promise<void> {
  const live = inArray(runs.stage, ['waiting', 'agent'])
  await tx.db
    .update(runs)
    .set({ stop: reason })
    .where(and(eq(runs.workItemId, workItemId), inArray(runs.purpose, [...sidePurposes]), live))
}

/** Gives up the session that the next attempt on an item would go on with. Its home is removed by the next tidying. */
export async function giveUpSession(db: Database, workItemId: number): Promise<void> {
  await db
    .update(runs)
    .set({ sessionId: '' })
    .where(and(eq(runs.workItemId, workItemId), ne(runs.sessionId, '')))
}

/** All runs of an item, to plan, to build and to review it, oldest first. */
export async function runsOf(db: Database, workItemId: number): Promise<RunRow[]> {
  return db.select().from(runs).where(eq(runs.workItemId, workItemId)).orderBy(asc(runs.id))
}

/** All attempts to build an item, oldest first. */
export async function buildsOf(db: Database, workItemId: number): Promise<RunRow[]> {
  return (await runsOf(db, workItemId)).filter(isBuild)
}

/** All reviews of an item by agents, oldest first. */
export async function agentReviewsOf(db: Database, workItemId: number): Promise<RunRow[]> {
  return (await runsOf(db, workItemId)).filter(isReview)
}

const planningPurposes = ['plan', 'breakdown'] as const
const sidePurposes = ['review', 'propose'] as const

/** Whether a run makes a plan and changes no files. */
export function isPlanning(run: Pick<RunRow, 'purpose'>): boolean {
  return run.purpose === 'plan' || run.purpose === 'breakdown'
}

/** Whether a run reviews a commit and changes no files. */
export function isReview(run: Pick<RunRow, 'purpose'>): boolean {
  return run.purpose === 'review'
}

/** Whether a run proposes work and changes no files. */
export function isProposing(run: Pick<RunRow, 'purpose'>): boolean {
  return run.purpose === 'propose'
}

/** Whether a run is beside the life of its item: it moves no item, holds nothing of it, and is no attempt. */
export function isSideRun(run: Pick<RunRow, 'purpose'>): boolean {
  return isReview(run) || isProposing(run)
}

/** Whether a run is an attempt to build the item. */
export function isBuild(run: Pick<RunRow, 'purpose'>): boolean {
  return run.purpose === 'build'
}

/**
 * The feedback for the next attempt of an item, which the retry policy or a review stored with the last one.
 * @param kind attempts to build it or to plan it. One kind learns nothing from the failures of the other.
 */
export async function latestLesson(
  db: Database,
  workItemId: number,
  kind: 'build' | 'plan' = 'build',
): Promise<{ feedback: string; cleanWorktree: boolean }> {
  const purpose = kind === 'build' ? eq(runs.purpose, 'build') : inArray(runs.purpose, [...planningPurposes])
  const [row] = await db
    .select({ feedback: runs.lesson, cleanWorktree: runs.nextCleanWorktree })
    .from(runs)
    .where(and(eq(runs.workItemId, workItemId), purpose))
    .orderBy(desc(runs.id))
    .limit(1)
  return row ?? { feedback: '', cleanWorktree: false }
}

/** The live attempt of an item, if any. */
export async function liveRun(db: Database, workItemId: number): Promise<RunRow | undefined> {
  const [run] = await db
    .select()
    .from(runs)
    .where(and(eq(runs.workItemId, workItemId), inArray(runs.stage, ['waiting', 'agent', 'gates'])))
    .orderBy(desc(runs.id))
    .limit(1)
  return run
}

/** All live runs with their items. The scheduler counts them against the caps. */
export async function liveRuns(db: Database) {
  return db
    .select({ run: runs, item: workItems })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(inArray(runs.stage, ['waiting', 'agent', 'gates']))
}

/** One run by its id. */
export async function getRun(db: Database, id: number): Promise<RunRow | undefined> {
  const [run] = await db.select().from(runs).where(eq(runs.id, id))
  return run
}
