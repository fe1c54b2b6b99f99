/** An issue was edited after it was queued: agents keep the text, what it waits for may change. */

import { and, eq } from 'drizzle-orm'
import { editedWhileQueued } from '../../db/blockers.ts'
import { firstTime, hear, heardAt } from '../../db/idempotency-keys.ts'
import { digestOf, voidPlan } from '../../db/plans.ts'
import { dependencies, workItems } from '../../db/schema/core.ts'
import {
  announce,
  type ItemRow,
  itemOfIssue,
  lockItem,
  type SystemRow,
  setDependencies,
  systemOfRepository,
} from '../../db/work-items.ts'
import { dependenciesIn } from '../../domain/dependency-lines.ts'
import type { Actor } from '../../github/types.ts'
import * as say from '../../messages/webhooks.ts'
import { edgesIn } from '../../work-items/read-dependencies.ts'
import type { IssueEdited, IssueFacts } from '../events.ts'
import { done, type IntakeParts, ignored, isFinished, mayWrite, type Outcome } from './context.ts'

/** The text of an issue as it is now, and who answers for it. */
interface TextSeen {
  issue: Pick<IssueFacts, 'number' | 'title' | 'body'>
  sender: Pick<Actor, 'id' | 'login'>
  at: Date | null
  /** What the sender changed. */
  changed: IssueEdited['changed']
  /** Whether whoever changed it may decide what is worked on. */
  mayDecide(): Promise<boolean>
  /** What is said of a roadmap whose new text does not count. */
  refusal: string
}

/** Acts on `issues` edited: the agent has the text as of the trigger, and that is said. */
export async function issueEdited(parts: IntakeParts, fact: IssueEdited): Promise<Outcome> {
  const { db } = parts.store
  const system = await systemOfRepository(db, fact.repository.repositoryId)
  const item = system && (await itemOfIssue(db, system.id, fact.issue.number))
  if (!system || !item || isFinished(item)) return ignored('nothing is under way')
  const newest = await heardAt(db, subjectOf(system, item))
  if (fact.at && newest && newest > fact.at) return ignored('older than what is known of its text')
  const mayDecide = () => mayWrite(parts, system, fact.sender)
  return settleText(parts, system, item, { ...fact, mayDecide, refusal: say.editedRoadmap(fact.sender.login) })
}

/**
 * Compares the text of an issue, as a listing shows it, with what was last looked at. GitHub does not say there who
 * edited it: that can be its author, and whoever may write. So where the author may write, everybody who can have been
 * it may; otherwise it counts as an edit by somebody who may not.
 * @returns undefined where it is the same.
 */
export async function compareText(
  parts: IntakeParts,
  system: SystemRow,
  item: ItemRow,
  issue: TextSeen['issue'] & { author: Actor },
): Promise<Outcome | undefined> {
  if (isFinished(item) || digest(issue) === (item.seenText ?? digest(item))) return undefined
  const { author } = issue
  return settleText(parts, system, item, {
    issue,
    sender: { id: 0, login: 'Somebody' },
    at: null,
    changed: { title: true, body: true },
    mayDecide: async () => parts.github.isSelf(author) || (await mayWrite(parts, system, author)),
    refusal: say.editedRoadmapUnheard,
  })
}

const subjectOf = (system: SystemRow, item: ItemRow) => `text:${system.id}#${item.issueNumber}`

/** Equal for equal texts. The mark on the issues that we make is no part of their text. */
function digest({ title, body }: Pick<TextSeen['issue'], 'title' | 'body'>): string {
  return digestOf({ title, body: body.replace(/<!-- tutti:[^>]*-->/g, '').trimEnd() })
}

async function settleText(parts: IntakeParts, system: SystemRow, item: ItemRow, seen: TextSeen): Promise<Outcome> {
  const act = item.kind === 'epic' ? roadmapEdited : taskEdited
  const outcome = await act(parts, system, item, seen)
  const seenText = digest(seen.issue)
  if (item.seenText !== seenText) {
    await parts.store.db.update(workItems).set({ seenText }).where(eq(workItems.id, item.id))
  }
  return outcome
}

async function taskEdited(parts: IntakeParts, system: SystemRow, item: ItemRow, seen: TextSeen): Promise<Outcome> {
  const { issue, sender, at } = seen
  const edges = (await waitsForOthers(parts, system, item, seen)) ? await edgesIn(parts, system, issue.body) : undefined
  const edited = digest(item) !== digest(issue)
  const beingPlanned = item.state === 'planning' || item.state === 'asking'
  const planned = beingPlanned && !edges ? say.editedWhilePlanned(sender.login) : undefined
  const reply = edited ? (planned ?? say.editedIssue(sender.login, edges !== undefined)) : null
  if (!edges && item.reply === reply) return ignored('it was said already')
  if (!edges && !edited) return ignored('the text is the one we have')
  await parts.store.transaction(async (tx) => {
    if (at) await hear(tx, subjectOf(system, item), at)
    const current = edited && (await lockItem(tx, item.id))
    // The plan says it itself.
    const toVoid = current && (await voidPlan(tx, current, sender, say.planVoid(sender.login)))
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
    await announce(tx, item, edges || planned || toVoid ? 'soon' : 'later')
  })
  return done(edges ? 'the text was edited: it waits for other issues now' : 'said that agents keep the old text')
}

/** Whether the new text names other issues to wait for than those we know, and its editor may decide that. */
async function waitsForOthers(
  parts: IntakeParts,
  system: SystemRow,
  item: ItemRow,
  { issue, mayDecide }: TextSeen,
): Promise<boolean> {
  const known = await parts.store.db
    .select()
    .from(dependencies)
    .where(and(eq(dependencies.dependentId, item.id), eq(dependencies.source, 'body')))
  const before = known.map((edge) => `${edge.repository}#${edge.issueNumber}`).sort()
  const now = dependenciesIn(issue.body, system.fullName)
    .map((named) => `${named.repository}#${named.number}`)
    .sort()
  return before.join() !== now.join() && (await mayDecide())
}

/** A roadmap is its text: a person with write access changes it by an edit, anybody else's edit is told and waits. */
async function roadmapEdited(
  parts: IntakeParts,
  system: SystemRow,
  item: ItemRow,
  { issue, sender, at, changed, mayDecide, refusal }: TextSeen,
): Promise<Outcome> {
  // Whoever corrects the title has not said yes to what somebody else has put into the text before.
  const title = changed.title ? issue.title : item.title
  const body = changed.body ? issue.body : item.body
  if (item.title === title && item.body === body) return ignored('the text is the one we have')
  const allowed = await mayDecide()
  const edges = allowed ? await edgesIn(parts, system, body) : []
  const reply = allowed ? null : refusal
  if (!allowed && item.reply === reply) return ignored('it was said already')
  await parts.store.transaction(async (tx) => {
    if (at) await hear(tx, subjectOf(system, item), at)
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
