/** An issue was edited after it was queued: agents keep the text, what it waits for may change. */

import { and, eq } from 'drizzle-orm'
import { editedWhileQueuedKey, setDependencies } from '../db/dependencies.ts'
import { claimKey, lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import { digestOf, voidPlan } from '../db/plans.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { dependencies, workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, itemOfIssue, lockItem } from '../db/work-items.ts'
import { dependenciesIn } from '../domain/dependency-lines.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueEdited, IssueSnapshot } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import * as messages from '../messages/webhooks.ts'
import { edgesIn } from './read-dependencies.ts'
import type { Services } from './services.ts'

/** The text of an issue as it is now, and who answers for it. */
interface TextSeen {
  issue: Pick<IssueSnapshot, 'number' | 'title' | 'body'>
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
export async function onIssueEdited(services: Services, event: IssueEdited): Promise<EventOutcome> {
  const { db } = services.store
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  const item = repo && (await itemOfIssue(db, repo.id, event.issue.number))
  if (!repo || !item || isTerminal(item)) return ignored('nothing is under way')
  const newest = await lastEventTime(db, subjectOf(repo, item))
  if (event.at && newest && newest > event.at) return ignored('older than what is known of its text')
  const mayDecide = () => mayWrite(services, repo, event.sender)
  return settleText(services, repo, item, { ...event, mayDecide, refusal: messages.editedRoadmap(event.sender.login) })
}

/**
 * Compares the text of an issue, as a listing shows it, with what was last looked at. GitHub does not say there who
 * edited it: that can be its author, and whoever may write. So where the author may write, everybody who can have been
 * it may; otherwise it counts as an edit by somebody who may not.
 * @returns undefined where it is the same.
 */
export async function syncIssueText(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  issue: TextSeen['issue'] & { author: Actor },
): Promise<EventOutcome | undefined> {
  if (isTerminal(item) || digest(issue) === (item.bodyDigest ?? digest(item))) return undefined
  const { author } = issue
  return settleText(services, repo, item, {
    issue,
    sender: { id: 0, login: 'Somebody' },
    at: null,
    changed: { title: true, body: true },
    mayDecide: async () => services.github.isSelf(author) || (await mayWrite(services, repo, author)),
    refusal: messages.editedRoadmapUnheard,
  })
}

const subjectOf = (repo: RepositoryRow, item: ItemRow) => `text:${repo.id}#${item.issueNumber}`

/** Equal for equal texts. The mark on the issues that we make is no part of their text. */
function digest({ title, body }: Pick<TextSeen['issue'], 'title' | 'body'>): string {
  return digestOf({ title, body: body.replace(/<!-- tutti:[^>]*-->/g, '').trimEnd() })
}

async function settleText(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  seen: TextSeen,
): Promise<EventOutcome> {
  const act = item.kind === 'epic' ? roadmapEdited : taskEdited
  const outcome = await act(services, repo, item, seen)
  const bodyDigest = digest(seen.issue)
  if (item.bodyDigest !== bodyDigest) {
    await services.store.db.update(workItems).set({ bodyDigest }).where(eq(workItems.id, item.id))
  }
  return outcome
}

async function taskEdited(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  seen: TextSeen,
): Promise<EventOutcome> {
  const { issue, sender, at } = seen
  const edges = (await waitsForOthers(services, repo, item, seen))
    ? await edgesIn(services, repo, issue.body)
    : undefined
  const edited = digest(item) !== digest(issue)
  const beingPlanned = item.state === 'planning' || item.state === 'asking'
  const planned = beingPlanned && !edges ? messages.editedWhilePlanned(sender.login) : undefined
  const reply = edited ? (planned ?? messages.editedIssue(sender.login, edges !== undefined)) : null
  if (!edges && item.reply === reply) return ignored('it was said already')
  if (!edges && !edited) return ignored('the text is the one we have')
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subjectOf(repo, item), at)
    const current = edited && (await lockItem(tx, item.id))
    // The plan says it itself.
    const toVoid = current && (await voidPlan(tx, current, sender, messages.planVoid(sender.login)))
    await tx.db
      .update(workItems)
      .set({ reply: toVoid ? null : reply })
      .where(eq(workItems.id, item.id))
    if (edges) {
      await setDependencies(tx, item, 'body', edges)
      if (item.state === 'queued') await claimKey(tx, editedWhileQueuedKey(item.id))
      await tx.enqueue({ queue: 'schedule' })
    }
    // Whoever plans or approves must know; an agent that builds goes on in any case.
    await requestStatusComment(tx, item, edges || planned || toVoid ? 'soon' : 'later')
  })
  return done(edges ? 'the text was edited: it waits for other issues now' : 'said that agents keep the old text')
}

/** Whether the new text names other issues to wait for than those we know, and its editor may decide that. */
async function waitsForOthers(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  { issue, mayDecide }: TextSeen,
): Promise<boolean> {
  const known = await services.store.db
    .select()
    .from(dependencies)
    .where(and(eq(dependencies.dependentId, item.id), eq(dependencies.source, 'body')))
  const before = known.map((edge) => `${edge.repository}#${edge.issueNumber}`).sort()
  const now = dependenciesIn(issue.body, repo.fullName)
    .map((named) => `${named.repository}#${named.number}`)
    .sort()
  return before.join() !== now.join() && (await mayDecide())
}

/** A roadmap is its text: a person with write access changes it by an edit, anybody else's edit is told and waits. */
async function roadmapEdited(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  { issue, sender, at, changed, mayDecide, refusal }: TextSeen,
): Promise<EventOutcome> {
  // Whoever corrects the title has not said yes to what somebody else has put into the text before.
  const title = changed.title ? issue.title : item.title
  const body = changed.body ? issue.body : item.body
  if (item.title === title && item.body === body) return ignored('the text is the one we have')
  const allowed = await mayDecide()
  const edges = allowed ? await edgesIn(services, repo, body) : []
  const reply = allowed ? null : refusal
  if (!allowed && item.reply === reply) return ignored('it was said already')
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subjectOf(repo, item), at)
    const text = allowed ? { title, body } : {}
    await tx.db
      .update(workItems)
      .set({ ...text, reply })
      .where(eq(workItems.id, item.id))
    if (!allowed) return requestStatusComment(tx, item, 'soon')
    await setDependencies(tx, item, 'body', edges)
    await tx.enqueue({ queue: 'sync-roadmap', workItemId: item.id, from: 'issue' })
  })
  return allowed ? done('the roadmap is read again') : ignored(`${sender.login} may not write here`)
}
