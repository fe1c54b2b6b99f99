/** An issue was edited after it was queued: agents keep the text, what it waits for may change. */

import { and, eq } from 'drizzle-orm'
import { dependenciesIn, edgesIn } from '../../github/dependencies.ts'
import { editedWhileQueued } from '../../store/blockers.ts'
import { firstTime, hear, heardAt } from '../../store/handled.ts'
import {
  announce,
  type ItemRow,
  itemOfIssue,
  lockItem,
  type SystemRow,
  setDependencies,
  systemOfRepository,
} from '../../store/items.ts'
import { voidPlan } from '../../store/plans.ts'
import { dependencies, workItems } from '../../store/schema.ts'
import type { IssueEdited } from '../facts.ts'
import { done, type IntakeParts, ignored, isFinished, mayWrite, type Outcome } from './parts.ts'
import * as say from './wording.ts'

/** Acts on `issues` edited: the agent has the text as of the trigger, and that is said. */
export async function issueEdited(parts: IntakeParts, fact: IssueEdited): Promise<Outcome> {
  const { db } = parts.store
  const system = await systemOfRepository(db, fact.repository.repositoryId)
  const item = system && (await itemOfIssue(db, system.id, fact.issue.number))
  if (!system || !item || isFinished(item)) return ignored('nothing is under way')
  const subject = `text:${system.id}#${item.issueNumber}`
  const newest = await heardAt(db, subject)
  if (fact.at && newest && newest > fact.at) return ignored('older than what is known of its text')
  if (item.kind === 'epic') return roadmapEdited(parts, system, item, fact)
  const edges = (await waitsForOthers(parts, system, item, fact))
    ? await edgesIn(parts, system, fact.issue.body)
    : undefined
  const edited = item.title !== fact.issue.title || item.body !== fact.issue.body
  const beingPlanned = item.state === 'planning' || item.state === 'asking'
  const planned = beingPlanned && !edges ? say.editedWhilePlanned(fact.sender.login) : undefined
  const reply = edited ? (planned ?? say.editedIssue(fact.sender.login, edges !== undefined)) : null
  if (!edges && item.reply === reply) return ignored('it was said already')
  if (!edges && !edited) return ignored('the text is the one we have')
  await parts.store.transaction(async (tx) => {
    if (fact.at) await hear(tx, subject, fact.at)
    const current = edited && (await lockItem(tx, item.id))
    // The plan says it itself.
    const toVoid = current && (await voidPlan(tx, current, fact.sender, say.planVoid(fact.sender.login)))
    await tx.db
      .update(workItems)
      .set({ reply: toVoid ? null : reply })
      .where(eq(workItems.id, item.id))
    if (edges) {
      await setDependencies(tx, item, 'body', edges)
      if (item.state === 'queued') await firstTime(tx, editedWhileQueued(item.id))
      await tx.enqueue({ queue: 'schedule' })
    }
    // Whoever plans or approves must know; an agent that builds goes on in any case.
    await announce(tx, item, edges || planned ? 'soon' : 'later')
  })
  return done(edges ? 'the text was edited: it waits for other issues now' : 'said that agents keep the old text')
}

/** Whether the new text names other issues to wait for than those we know, and its editor may decide that. */
async function waitsForOthers(
  parts: IntakeParts,
  system: SystemRow,
  item: ItemRow,
  { issue, sender }: IssueEdited,
): Promise<boolean> {
  const known = await parts.store.db
    .select()
    .from(dependencies)
    .where(and(eq(dependencies.dependentId, item.id), eq(dependencies.source, 'body')))
  const before = known.map((edge) => `${edge.repository}#${edge.issueNumber}`).sort()
  const now = dependenciesIn(issue.body, system.fullName)
    .map((named) => `${named.repository}#${named.number}`)
    .sort()
  return before.join() !== now.join() && (await mayWrite(parts, system, sender))
}

/** A roadmap is its text: a person with write access changes it by an edit, anybody else's edit is told and waits. */
async function roadmapEdited(
  parts: IntakeParts,
  system: SystemRow,
  item: ItemRow,
  { issue, sender, at, changed }: IssueEdited,
): Promise<Outcome> {
  // Whoever corrects the title has not said yes to what somebody else has put into the text before.
  const title = changed.title ? issue.title : item.title
  const body = changed.body ? issue.body : item.body
  if (item.title === title && item.body === body) return ignored('the text is the one we have')
  const allowed = await mayWrite(parts, system, sender)
  const edges = allowed ? await edgesIn(parts, system, body) : []
  const reply = allowed ? null : say.editedRoadmap(sender.login)
  if (!allowed && item.reply === reply) return ignored('it was said already')
  await parts.store.transaction(async (tx) => {
    if (at) await hear(tx, `text:${system.id}#${item.issueNumber}`, at)
    const text = allowed ? { title, body } : {}
    await tx.db
      .update(workItems)
      .set({ ...text, reply })
      .where(eq(workItems.id, item.id))
    if (!allowed) return announce(tx, item, 'soon')
    await setDependencies(tx, item, 'body', edges)
    await tx.enqueue({ queue: 'roadmap', workItemId: item.id, from: 'issue' })
  })
  return allowed ? done('the roadmap is read again') : ignored(`${sender.login} may not write here`)
}
