/** An issue was edited after it was queued: agents keep the old text, its dependencies may change. */

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
import { issueEdited, issueEditedWhilePlanned } from '../messages/issues.ts'
import { planVoid } from '../messages/planning.ts'
import { roadmapEditRefused, roadmapEditUnattributed } from '../messages/roadmaps.ts'
import { edgesIn } from './read-dependencies.ts'
import type { Services } from './services.ts'

/** The text of an issue as it is now, and who edited it. */
interface ObservedText {
  issue: Pick<IssueSnapshot, 'number' | 'title' | 'body'>
  sender: Pick<Actor, 'id' | 'login'>
  at: Date | null
  /** What the sender changed. */
  changed: IssueEdited['changed']
  /** Whether the editor may decide what is worked on. */
  mayDecide(): Promise<boolean>
  /** The reply on a roadmap whose new text does not count. */
  refusal: string
}

/** Acts on `issues` edited. Agents keep the text as it was when the issue was queued; a reply says so. */
export async function onIssueEdited(services: Services, event: IssueEdited): Promise<EventOutcome> {
  const { db } = services.store
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  const item = repo && (await itemOfIssue(db, repo.id, event.issue.number))
  if (!repo || !item || isTerminal(item)) return ignored('nothing is under way')
  const newest = await lastEventTime(db, subjectOf(repo, item))
  if (event.at && newest && newest > event.at) return ignored('older than what is known of its text')
  const mayDecide = () => mayWrite(services, repo, event.sender)
  return applyText(services, repo, item, { ...event, mayDecide, refusal: roadmapEditRefused(event.sender.login) })
}

/**
 * Compares the text of an issue in a listing with the text that was last processed. A listing does not say who edited
 * it: its author can, and everyone with write access. So where the author may write, the editor may as well. Otherwise it
 * counts as an edit without write access.
 * @returns undefined when the text is the same.
 */
export async function syncIssueText(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  issue: ObservedText['issue'] & { author: Actor },
): Promise<EventOutcome | undefined> {
  if (isTerminal(item) || digest(issue) === (item.bodyDigest ?? digest(item))) return undefined
  const { author } = issue
  return applyText(services, repo, item, {
    issue,
    sender: { id: 0, login: 'Someone' },
    at: null,
    changed: { title: true, body: true },
    mayDecide: async () => services.github.isSelf(author) || (await mayWrite(services, repo, author)),
    refusal: roadmapEditUnattributed,
  })
}

const subjectOf = (repo: RepositoryRow, item: ItemRow) => `text:${repo.id}#${item.issueNumber}`

/** Equal for equal texts. Our marker in issues that we create is no part of their text. */
function digest({ title, body }: Pick<ObservedText['issue'], 'title' | 'body'>): string {
  return digestOf({ title, body: body.replace(/<!-- tutti:[^>]*-->/g, '').trimEnd() })
}

async function applyText(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  seen: ObservedText,
): Promise<EventOutcome> {
  const apply = item.kind === 'epic' ? roadmapEdited : taskEdited
  const outcome = await apply(services, repo, item, seen)
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
  seen: ObservedText,
): Promise<EventOutcome> {
  const { issue, sender, at } = seen
  const edges = (await waitsForOthers(services, repo, item, seen))
    ? await edgesIn(services, repo, issue.body)
    : undefined
  const edited = digest(item) !== digest(issue)
  const beingPlanned = item.state === 'planning' || item.state === 'asking'
  const planned = beingPlanned && !edges ? issueEditedWhilePlanned(sender.login) : undefined
  const reply = edited ? (planned ?? issueEdited(sender.login, edges !== undefined)) : null
  if (!edges && item.reply === reply) return ignored('it was said already')
  if (!edges && !edited) return ignored('the text is the one we have')
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subjectOf(repo, item), at)
    const current = edited && (await lockItem(tx, item.id))
    // A void plan has a reply of its own.
    const planIsVoid = current && (await voidPlan(tx, current, sender, planVoid(sender.login)))
    await tx.db
      .update(workItems)
      .set({ reply: planIsVoid ? null : reply })
      .where(eq(workItems.id, item.id))
    if (edges) {
      await setDependencies(tx, item, 'body', edges)
      if (item.state === 'queued') await claimKey(tx, editedWhileQueuedKey(item.id))
      await tx.enqueue({ queue: 'schedule' })
    }
    // People who plan or approve must know it soon. An agent that builds goes on in any case.
    await requestStatusComment(tx, item, edges || planned || planIsVoid ? 'soon' : 'later')
  })
  return done(edges ? 'the text was edited: it waits for other issues now' : 'said that agents keep the old text')
}

/** Whether the new text names other issues to wait for than the stored ones, and its editor may decide that. */
async function waitsForOthers(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  { issue, mayDecide }: ObservedText,
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

/** The text of a roadmap is the roadmap: an edit with write access counts, any other one is only reported. */
async function roadmapEdited(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  { issue, sender, at, changed, mayDecide, refusal }: ObservedText,
): Promise<EventOutcome> {
  // An edit of the title alone does not approve an earlier edit of the text by another person.
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
