/** Plans and questions: keeping them, deciding about them, and what follows for the item. */

import { createHash } from 'node:crypto'
import { and, asc, desc, eq, isNull, notInArray } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import { contentOf, hoursOf, type PlanOrBreakdown } from '../domain/plan.ts'
import type { Database, Tx } from './connect.ts'
import { dropPlanning } from './runs.ts'
import { workItems } from './schema/core.ts'
import { footprints, plans, questions } from './schema/plans.ts'
import { type ItemRow, requestStatusComment, transition, updateReason } from './work-items.ts'

export type PlanRow = typeof plans.$inferSelect
export type QuestionRow = typeof questions.$inferSelect
/** Somebody whose word counts here. Whoever calls has asked GitHub. */
export interface PlanDecider {
  id: number
  login: string
}

/** Tells one text of an issue from another. */
export function digestOf({ title, body }: { title: string; body: string }): string {
  return createHash('sha256').update(`${title}\n${body}`).digest('hex')
}

/** Keeps a plan that a run has handed in, waiting for a word. */
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

/** The newest plan of an item, whatever became of it. */
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

/** The plan that the item is built by: the newest one, if it is approved and was made for the item's text. */
export async function approvedPlan(db: Database, item: ItemRow): Promise<PlanRow | undefined> {
  const plan = await latestPlan(db, item.id)
  return plan?.state === 'approved' && plan.textDigest === digestOf(item) ? plan : undefined
}

/**
 * Notes that a plan counts from now on, with the files and the hours it names.
 * @param by the person who said so; absent when it is small and sure enough to need nobody.
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
      decidedAt: new Date(),
      why: '',
      ...(by?.amendment ? { amendment: by.amendment } : {}),
    })
    .where(eq(plans.id, plan.id))
  // What a breakdown touches is for its items to say, and so are their hours.
  const paths = content.kind === 'plan' ? content.paths : []
  await tx.db.delete(footprints).where(and(eq(footprints.workItemId, item.id), eq(footprints.source, 'plan')))
  if (paths.length > 0) {
    const rows = paths.map((path) => ({ workItemId: item.id, path, source: 'plan' as const }))
    await tx.db.insert(footprints).values(rows).onConflictDoNothing()
  }
  return { plannedHours: content.kind === 'plan' ? hoursOf(content) : null }
}

/** A plan does not count (any more): somebody said no, or the text it was made for is not the issue's. */
export async function dropPlan(
  tx: Tx,
  plan: PlanRow,
  state: 'rejected' | 'void',
  by: PlanDecider | undefined,
  why: string,
): Promise<void> {
  await tx.db
    .update(plans)
    .set({ state, why, decidedBy: by?.login ?? null, decidedById: by?.id ?? null, decidedAt: new Date() })
    .where(eq(plans.id, plan.id))
}

/**
 * The text of an issue was changed: a plan that was made of the old one and is not carried out yet waits for a word
 * again. @returns whether there was such a plan.
 */
export async function voidPlan(tx: Tx, item: ItemRow, by: PlanDecider, why: string): Promise<boolean> {
  const plan = await latestPlan(tx.db, item.id)
  const open = item.kind === 'task' && (item.state === 'ready' || item.state === 'plan-review')
  if (!open || (plan?.state !== 'pending' && plan?.state !== 'approved')) return false
  await dropPlan(tx, plan, 'void', by, why)
  if (item.state === 'ready') await transition(tx, item, 'plan-review', { actor: by.login, why })
  else await updateReason(tx, item, { why })
  return true
}

/** A person has rewritten a plan in its comment: from now on that text stands in its place. */
export async function rewritePlan(tx: Tx, plan: PlanRow, text: string): Promise<void> {
  await tx.db.update(plans).set({ rewritten: text }).where(eq(plans.id, plan.id))
}

/** All rounds of questions about an item, oldest first. */
export async function roundsOf(db: Database, workItemId: number): Promise<QuestionRow[]> {
  return db.select().from(questions).where(eq(questions.workItemId, workItemId)).orderBy(asc(questions.round))
}

/** What is to be set on an item that is planned anew: earlier rounds of questions no longer count. */
export async function resetRounds(db: Database, workItemId: number): Promise<Pick<ItemRow, 'planningRoundsOffset'>> {
  return { planningRoundsOffset: (await roundsOf(db, workItemId)).length }
}

/** The key of the comment that asks a round of questions. */
export const questionsKey = (roundId: number) => `questions:${roundId}`
/** The key of the comment that shows a plan. */
export const planKey = (planId: number) => `plan:${planId}`

/** Keeps a round of questions. */
export async function addRound(tx: Tx, item: ItemRow, asked: string[]): Promise<QuestionRow> {
  const round = (await roundsOf(tx.db, item.id)).length + 1
  const [row] = await tx.db.insert(questions).values({ workItemId: item.id, round, asked }).returning()
  if (!row) throw new Error('the questions were not stored')
  return row
}

/** The round that waits for an answer, if one does. */
export async function openRound(db: Database, workItemId: number): Promise<QuestionRow | undefined> {
  const open = and(eq(questions.workItemId, workItemId), isNull(questions.answeredAt))
  const [row] = await db.select().from(questions).where(open).orderBy(desc(questions.round)).limit(1)
  return row
}

/**
 * A person has answered: the item is planned further, with the answer.
 * @returns false when nothing was asked, or it was answered before.
 */
export async function answerQuestions(tx: Tx, item: ItemRow, by: PlanDecider, answer: string): Promise<boolean> {
  const round = item.state === 'asking' ? await openRound(tx.db, item.id) : undefined
  if (!round) return false
  await tx.db
    .update(questions)
    .set({ answer, answeredBy: by.login, answeredById: by.id, answeredAt: new Date() })
    .where(eq(questions.id, round.id))
  await transition(tx, item, 'planning', { actor: by.login, why: `Answered by ${by.login}; it is planned further.` })
  return true
}

/** The states from which an item can be planned anew. */
export const plannable = ['ready', 'planning', 'asking', 'plan-review'] as const

/**
 * Has an item planned anew. What was proposed counts no longer, and an agent that plans already is ended.
 * @param set what changes with it: another text, for one.
 */
export async function replan(tx: Tx, item: ItemRow, by: PlanDecider, why: string, set: Partial<ItemRow> = {}) {
  const plan = await latestPlan(tx.db, item.id)
  if (plan && (plan.state === 'pending' || plan.state === 'approved'))
    await dropPlan(tx, plan, 'void', by, `${by.login} asked for another plan.`)
  await tx.db
    .update(questions)
    .set({ answeredAt: new Date() })
    .where(and(eq(questions.workItemId, item.id), isNull(questions.answeredAt)))
  const all = { ...set, ...(await resetRounds(tx.db, item.id)) }
  if (item.state !== 'planning') return transition(tx, item, 'planning', { actor: by.login, why, set: all })
  await dropPlanning(tx, item.id, `Planned anew for ${by.login}`)
  const same = await updateReason(tx, item, { why, set: all })
  await requestStatusComment(tx, same, 'now')
  return same
}

/** Open items of a system with a title that shares a word of some length with a goal, best match first. */
export async function similarItems(db: Database, repositoryId: number, goal: string, but: number): Promise<ItemRow[]> {
  const words = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\d]{4,}/gu) ?? [])
  const wanted = words(goal)
  const open = notInArray(workItems.state, [...terminalStates])
  const rows = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), open))
  return rows
    .filter((row) => row.issueNumber !== but)
    .map((row) => ({ row, shared: [...words(row.title)].filter((word) => wanted.has(word)).length }))
    .filter(({ shared }) => shared >= 2)
    .sort((a, b) => b.shared - a.shared)
    .slice(0, 5)
    .map(({ row }) => row)
}
