/** Plans and questions: storing them, deciding about them, and the next state of the item. */

import { createHash } from 'node:crypto'
import { and, asc, desc, eq, isNull, notInArray } from 'drizzle-orm'
import { matchGoal } from '../domain/goal-match.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { contentOf, hoursOf, type PlanOrBreakdown } from '../domain/plan.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { requestPlanComment } from './plan-comment.ts'
import { cancelPlanningRuns } from './runs.ts'
import { footprints, plans, questions } from './schema/plans.ts'
import { workItems } from './schema/work-items.ts'
import { requestStatusComment } from './status-comment.ts'
import { type ItemRow, transition, updateReason } from './work-items.ts'

export type PlanRow = typeof plans.$inferSelect
export type QuestionRow = typeof questions.$inferSelect
/** A person who may decide about plans. The caller has checked their permission on GitHub. */
export interface PlanDecider {
  id: number
  login: string
}

/** Identifies the text of an issue. */
export function digestOf({ title, body }: { title: string; body: string }): string {
  return createHash('sha256').update(`${title}\n${body}`).digest('hex')
}

/** Stores a plan that a run has submitted. It is pending until a decision. */
export async function addPlan(tx: Tx, item: ItemRow, content: PlanOrBreakdown, runId: number): Promise<PlanRow> {
  const last = await latestPlan(tx.db, item.id)
  const { kind, confidence } = content
  const [row] = await tx.db
    .insert(plans)
    .values({
      workItemId: item.id,
      version: (last?.version ?? 0) + 1,
      kind,
      content,
      confidence,
      textDigest: digestOf(item),
      runId,
    })
    .returning()
  if (!row) throw new Error('the plan was not stored')
  return row
}

/** The newest plan of an item, in any state. */
export async function latestPlan(db: Database, workItemId: number): Promise<PlanRow | undefined> {
  const [row] = await db
    .select()
    .from(plans)
    .where(eq(plans.workItemId, workItemId))
    .orderBy(desc(plans.version))
    .limit(1)
  return row
}

/** One plan by its row id. */
export async function getPlan(db: Database, id: number): Promise<PlanRow | undefined> {
  const [row] = await db.select().from(plans).where(eq(plans.id, id))
  return row
}

/** The plan that the item is built from: the newest one, if it is approved and was made for the item's text. */
export async function approvedPlan(db: Database, item: ItemRow): Promise<PlanRow | undefined> {
  const plan = await latestPlan(db, item.id)
  return plan?.state === 'approved' && plan.textDigest === digestOf(item) ? plan : undefined
}

/**
 * Approves a plan, and stores the files that it names.
 * @param by the person who approved it; absent when it is small and certain enough to need no person.
 * @returns the changes of the item.
 */
export async function approvePlan(
  tx: Tx,
  item: ItemRow,
  plan: PlanRow,
  by?: PlanDecider & { amendment: string },
): Promise<Partial<ItemRow>> {
  const content = contentOf(plan)
  await tx.db
    .update(plans)
    .set({
      state: 'approved',
      decidedBy: by?.login ?? null,
      decidedById: by?.id ?? null,
      decidedAt: currentTime(),
      why: '',
      ...(by?.amendment ? { amendment: by.amendment } : {}),
    })
    .where(eq(plans.id, plan.id))
  if (by) await requestPlanComment(tx, plan.id)
  // The items of a breakdown have files and hours of their own.
  const paths = content.kind === 'plan' ? content.paths : []
  await tx.db.delete(footprints).where(and(eq(footprints.workItemId, item.id), eq(footprints.source, 'plan')))
  if (paths.length > 0) {
    const rows = paths.map((path) => ({ workItemId: item.id, path, source: 'plan' as const }))
    await tx.db.insert(footprints).values(rows).onConflictDoNothing()
  }
  return { plannedHours: content.kind === 'plan' ? hoursOf(content) : null, replanHandoff: null }
}

/** Rejects a plan, or voids one that was made for another text of the issue. */
export async function dropPlan(
  tx: Tx,
  plan: PlanRow,
  state: 'rejected' | 'void',
  { by, why }: { by?: PlanDecider; why: string },
): Promise<void> {
  await tx.db
    .update(plans)
    .set({ state, why, decidedBy: by?.login ?? null, decidedById: by?.id ?? null, decidedAt: currentTime() })
    .where(eq(plans.id, plan.id))
  await requestPlanComment(tx, plan.id)
}

/**
 * Voids the plan of an issue whose text was changed, unless the plan is being built already. The item waits for a
 * decision again. @returns whether there was such a plan.
 */
export async function voidPlan(tx: Tx, item: ItemRow, by: PlanDecider, why: string): Promise<boolean> {
  const plan = await latestPlan(tx.db, item.id)
  const open = item.kind === 'task' && (item.state === 'ready' || item.state === 'plan-review')
  if (!open || (plan?.state !== 'pending' && plan?.state !== 'approved')) return false
  await dropPlan(tx, plan, 'void', { by, why })
  if (item.state === 'ready') await transition(tx, item, 'plan-review', { actor: by.login, why })
  else await updateReason(tx, item, { why })
  return true
}

/** Stores the text of a plan that a person has rewritten in its comment. It replaces the plan. */
export async function rewritePlan(tx: Tx, plan: PlanRow, text: string): Promise<void> {
  await tx.db.update(plans).set({ rewritten: text }).where(eq(plans.id, plan.id))
}

/** All rounds of questions about an item, oldest first. */
export async function roundsOf(db: Database, workItemId: number): Promise<QuestionRow[]> {
  return db.select().from(questions).where(eq(questions.workItemId, workItemId)).orderBy(asc(questions.round))
}

/** The changes of an item that is planned again: earlier rounds of questions no longer count. */
export async function resetRounds(db: Database, workItemId: number): Promise<Pick<ItemRow, 'planningRoundsOffset'>> {
  return { planningRoundsOffset: (await roundsOf(db, workItemId)).length }
}

/** The key of the comment that asks a round of questions. */
export const questionsKey = (roundId: number) => `questions:${roundId}`

/** Stores a round of questions. @param runId the run to build the item that asks; absent for planning. */
export async function addRound(tx: Tx, item: ItemRow, asked: string[], runId?: number): Promise<QuestionRow> {
  const round = (await roundsOf(tx.db, item.id)).length + 1
  const [row] = await tx.db
    .insert(questions)
    .values({ workItemId: item.id, round, asked, runId: runId ?? null })
    .returning()
  if (!row) throw new Error('the questions were not stored')
  return row
}

/** The round that waits for an answer, if there is one. */
export async function openRound(db: Database, workItemId: number): Promise<QuestionRow | undefined> {
  const open = and(eq(questions.workItemId, workItemId), isNull(questions.answeredAt))
  const [row] = await db.select().from(questions).where(open).orderBy(desc(questions.round)).limit(1)
  return row
}

/**
 * Stores a person's answer. Whoever has asked goes on with it: planning, or the agent that builds.
 * @returns false when no round waits for an answer.
 */
export async function answerQuestions(tx: Tx, item: ItemRow, by: PlanDecider, answer: string): Promise<boolean> {
  const round = item.state === 'asking' ? await openRound(tx.db, item.id) : undefined
  if (!round) return false
  await tx.db
    .update(questions)
    .set({ answer, answeredBy: by.login, answeredById: by.id, answeredAt: currentTime() })
    .where(eq(questions.id, round.id))
  if (round.runId === null)
    await transition(tx, item, 'planning', { actor: by.login, why: `Answered by ${by.login}; it is planned further.` })
  else
    await transition(tx, item, 'ready', { actor: by.login, why: `Answered by ${by.login}; an agent goes on with it.` })
  return true
}

/** The states from which an item can be planned again. */
export const plannableStates = ['ready', 'planning', 'asking', 'plan-review'] as const

/**
 * Plans an item again. Its present plan becomes void, and an agent that plans it already is stopped.
 * @param by the person who asked for it; absent when the retry policy did.
 * @param set other changes of the item, such as a new text.
 */
export async function replan(
  tx: Tx,
  item: ItemRow,
  { by, why, set = {} }: { by?: PlanDecider; why: string; set?: Partial<ItemRow> },
): Promise<ItemRow> {
  const plan = await latestPlan(tx.db, item.id)
  if (plan && (plan.state === 'pending' || plan.state === 'approved'))
    await dropPlan(tx, plan, 'void', { by, why: by ? `${by.login} asked for another plan.` : 'It did not work out.' })
  await tx.db
    .update(questions)
    .set({ answeredAt: currentTime() })
    .where(and(eq(questions.workItemId, item.id), isNull(questions.answeredAt)))
  const all = { ...set, ...(await resetRounds(tx.db, item.id)) }
  const actor = by?.login ?? 'tutti'
  if (item.state !== 'planning') return transition(tx, item, 'planning', { actor, why, set: all })
  await cancelPlanningRuns(tx, item.id, `Planned again for ${actor}`)
  const same = await updateReason(tx, item, { why, set: all })
  await requestStatusComment(tx, same, 'now')
  return same
}

/** Unfinished items of a repository whose titles share at least two words with a goal, best match first. */
export async function similarItems(
  db: Database,
  repositoryId: number,
  goal: string,
  exceptIssue: number,
): Promise<ItemRow[]> {
  const open = notInArray(workItems.state, [...terminalStates])
  const rows = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), open))
  const others = rows.filter((row) => row.issueNumber !== exceptIssue)
  return matchGoal(goal, others).map(({ item }) => item)
}
