/**
 * Rounds of proposals, and the proposals. A round has 20 at most; those that were replaced are deleted when ten later rounds
 * of their roadmap are over.
 */

import { and, asc, desc, eq, inArray, notInArray, sql } from 'drizzle-orm'
import type { Proposal } from '../domain/proposals.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { proposalRounds, proposals } from './schema/proposals.ts'
import { workItems } from './schema/work-items.ts'

export type ProposalRound = typeof proposalRounds.$inferSelect
export type ProposalRow = typeof proposals.$inferSelect

/** Rounds of a roadmap whose replaced proposals are kept. */
const roundsKept = 10

/** Adds a round. @returns undefined when one is under way. */
export async function addProposalRound(
  tx: Tx,
  workItemId: number,
  by: { login: string; id: number | null },
): Promise<ProposalRound | undefined> {
  const [row] = await tx.db
    .insert(proposalRounds)
    .values({ workItemId, wantedBy: by.login, wantedById: by.id })
    .onConflictDoNothing()
    .returning()
  return row
}

/** A round, locked. */
export async function lockProposalRound(tx: Tx, id: number): Promise<ProposalRound | undefined> {
  const [row] = await tx.db.select().from(proposalRounds).where(eq(proposalRounds.id, id)).for('update')
  return row
}

/** One round by its id. */
export async function getProposalRound(db: Database, id: number): Promise<ProposalRound | undefined> {
  const [row] = await db.select().from(proposalRounds).where(eq(proposalRounds.id, id))
  return row
}

/** The round that a run is at, or was. */
export async function roundOfRun(db: Database, runId: number): Promise<ProposalRound | undefined> {
  const [row] = await db.select().from(proposalRounds).where(eq(proposalRounds.runId, runId))
  return row
}

/** The round of a roadmap that is not over. */
export async function openProposalRound(db: Database, workItemId: number): Promise<ProposalRound | undefined> {
  const [row] = await db
    .select()
    .from(proposalRounds)
    .where(and(eq(proposalRounds.workItemId, workItemId), inArray(proposalRounds.state, ['wanted', 'running'])))
  return row
}

/** The newest round of a repository, of whichever roadmap. */
export async function latestProposalRound(db: Database, repositoryId: number): Promise<ProposalRound | undefined> {
  const [row] = await db
    .select({ round: proposalRounds })
    .from(proposalRounds)
    .innerJoin(workItems, eq(proposalRounds.workItemId, workItems.id))
    .where(eq(workItems.repositoryId, repositoryId))
    .orderBy(desc(proposalRounds.id))
    .limit(1)
  return row?.round
}

/** Changes a round. */
export async function updateProposalRound(tx: Tx, id: number, set: Partial<ProposalRound>): Promise<void> {
  await tx.db.update(proposalRounds).set(set).where(eq(proposalRounds.id, id))
}

/** Stores the proposals of a round in the place of those that are open. */
export async function replaceProposals(tx: Tx, round: ProposalRound, proposed: readonly Proposal[]): Promise<void> {
  const { workItemId } = round
  const ofRoadmap = eq(proposals.workItemId, workItemId)
  await tx.db
    .update(proposals)
    .set({ state: 'replaced', decidedAt: currentTime() })
    .where(and(ofRoadmap, eq(proposals.state, 'open')))
  const [last] = await tx.db
    .select({ number: sql`coalesce(max(${proposals.number}), 0)`.mapWith(Number) })
    .from(proposals)
    .where(ofRoadmap)
  const first = (last?.number ?? 0) + 1
  const rows = proposed.map((one, at) => ({ ...one, workItemId, roundId: round.id, number: first + at }))
  if (rows.length > 0) await tx.db.insert(proposals).values(rows)
  await forgetOldOnes(tx, workItemId, first + rows.length - 1)
}

/** @param last the highest number, which stays, so that no number is given twice. */
async function forgetOldOnes(tx: Tx, workItemId: number, last: number): Promise<void> {
  const kept = tx.db
    .select({ id: proposalRounds.id })
    .from(proposalRounds)
    .where(eq(proposalRounds.workItemId, workItemId))
    .orderBy(desc(proposalRounds.id))
    .limit(roundsKept)
  const old = and(eq(proposals.state, 'replaced'), notInArray(proposals.roundId, kept))
  await tx.db
    .delete(proposals)
    .where(and(eq(proposals.workItemId, workItemId), old, sql`${proposals.number} < ${last}`))
}

/** The proposals of a roadmap that are open or were adopted, by their numbers. */
export async function proposalsOf(db: Database, workItemId: number): Promise<ProposalRow[]> {
  return db
    .select()
    .from(proposals)
    .where(and(eq(proposals.workItemId, workItemId), inArray(proposals.state, ['open', 'adopted'])))
    .orderBy(asc(proposals.number))
}

/** One proposal by its number, locked. */
export async function lockProposal(tx: Tx, workItemId: number, number: number): Promise<ProposalRow | undefined> {
  const [row] = await tx.db
    .select()
    .from(proposals)
    .where(and(eq(proposals.workItemId, workItemId), eq(proposals.number, number)))
    .for('update')
  return row
}

/** One proposal by its id. */
export async function getProposal(db: Database, id: number): Promise<ProposalRow | undefined> {
  const [row] = await db.select().from(proposals).where(eq(proposals.id, id))
  return row
}

/** Changes a proposal. */
export async function updateProposal(tx: Tx, id: number, set: Partial<ProposalRow>): Promise<void> {
  await tx.db.update(proposals).set(set).where(eq(proposals.id, id))
}
