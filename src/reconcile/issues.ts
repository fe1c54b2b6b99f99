/** Finds issues that were labelled, closed or reopened without an event. */

import { claimKey, hasKey, lastEventTime } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf, writtenSettings } from '../db/repository-settings.ts'
import { type ItemRow, itemOfIssue, unfinishedItemsOf } from '../db/work-items.ts'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { IssueChanged } from '../domain/events.ts'
import type { Actor, Issue, IssueEvent } from '../domain/github.ts'
import { isOrWasQueueLabel } from '../domain/queue-labels.ts'
import { NotFound, type RepositoryReader } from '../github/github.ts'
import { labelUnattributed } from '../messages/refusals.ts'
import { issueSubject, labelSeenKey } from '../work-items/issue-snapshot.ts'
import { onIssueRemoved, syncIssue } from '../work-items/on-issue-changed.ts'
import { syncIssueText } from '../work-items/on-issue-edited.ts'
import { noteQueueLabels } from '../work-items/on-label-renamed.ts'
import { commentOnce, queueFromLabel, refusalKey } from '../work-items/queue-label.ts'
import { applyLateLabels } from '../work-items/scoped-labels.ts'
import type { Services } from '../work-items/services.ts'
import type { Problems } from './problems.ts'
import type { Repairs } from './repairs.ts'

/** The actor of a change whose author is unknown. */
const unknownActor: Actor = { id: 0, login: 'someone', type: 'User' }

/** Compares the issues of one repository with its items. */
export async function reconcileIssues(services: Services, repo: RepositoryRow, problems: Problems): Promise<Repairs> {
  const github = services.github.repository(repo)
  const labelled = await labelledIssues(github, repo)
  const repairs: Repairs = []
  const compare = async (issueNumber: number, work: () => Promise<EventOutcome | undefined>) => {
    const outcome = await problems.alone(`${repo.fullName}#${issueNumber}`, work)
    if (outcome?.state === 'done') repairs.push(`${repo.fullName}#${issueNumber}: ${outcome.note}`)
  }
  for (const issue of labelled) await compare(issue.number, () => withLabel(services, repo, github, issue))
  const numbers = new Set(labelled.map((issue) => issue.number))
  const others = (await unfinishedItemsOf(services.store.db, repo.id)).filter((item) => !numbers.has(item.issueNumber))
  const open = others.length > fewItems ? await github.openIssues() : []
  const listed = new Map(open.map((issue) => [issue.number, issue]))
  for (const item of others) {
    const issue = listed.get(item.issueNumber)
    const settled = issue && !(await hasKey(services.store.db, labelSeenKey(repo.id, issue.number)))
    await compare(item.issueNumber, () =>
      settled ? syncChanges(services, repo, item, issue) : withoutLabel(services, repo, item, issue),
    )
  }
  return repairs
}

/** A roadmap queues hundreds without a label. Past this many, GitHub is asked for all open issues, a hundred a call. */
const fewItems = 20

/** The open issues that carry the label for tasks or the one for roadmaps, each once. */
async function labelledIssues(github: RepositoryReader, repo: RepositoryRow): Promise<Issue[]> {
  const { label, roadmap } = settingsOf(repo)
  const tasks = await github.issuesLabelled(label)
  const roadmaps = await github.issuesLabelled(roadmap.label)
  return [...new Map([...tasks, ...roadmaps].map((issue) => [issue.number, issue])).values()]
}

/**
 * A labelled open issue. The person who put the label on must have write access. That need not be the author of the issue:
 * only the history of the issue names the person. Where the server has no history, nothing starts.
 */
async function withLabel(
  services: Services,
  repo: RepositoryRow,
  github: RepositoryReader,
  issue: Issue,
): Promise<EventOutcome | undefined> {
  const { db } = services.store
  const item = await itemOfIssue(db, repo.id, issue.number)
  if (item && !['cancelled', 'skipped', 'done'].includes(item.state)) {
    if (!(await hasKey(db, labelSeenKey(repo.id, issue.number))))
      await services.store.transaction((tx) => claimKey(tx, labelSeenKey(repo.id, issue.number)))
    return syncChanges(services, repo, item, issue)
  }
  if (!item && (await hasKey(db, refusalKey(repo.id, issue.number)))) return undefined
  const events = await github.issueEvents(issue.number)
  const since = await lastEventTime(db, issueSubject(repo.githubId, issue.number))
  const start = item ? startSince(events ?? [], repo, since ?? item.updatedAt) : lastLabelled(events ?? [], repo)
  // We created this issue ourselves: the job of that effect queues it.
  if (start && services.github.isSelf(start.actor)) return undefined
  if (start) {
    const seen = { repository: repo, repo, item, issue: { ...issue, nativeBlockers: issue.nativeBlockers ?? null } }
    return queueFromLabel(services, { ...seen, how: start.how, sender: start.actor, at: start.at })
  }
  if (item) return undefined
  await services.store.transaction((tx) =>
    commentOnce(tx, repo, { issueNumber: issue.number, body: labelUnattributed(settingsOf(repo).label) }),
  )
  return undefined
}

interface Start {
  how: IssueChanged['how']
  actor: Actor
  at: Date
}

function lastLabelled(events: readonly IssueEvent[], repo: RepositoryRow): Start | undefined {
  const last = events.findLast(
    (event) =>
      event.event === 'labeled' && isOrWasQueueLabel(event.label ?? '', writtenSettings(repo), repo.queueLabels),
  )
  return last && { how: 'labelled', actor: last.actor, at: last.at }
}

/** The event that requested the work again after the newest known event, by GitHub's clock. */
function startSince(events: readonly IssueEvent[], repo: RepositoryRow, since: Date): Start | undefined {
  const last = events.findLast(
    (event) =>
      event.event === 'reopened' ||
      (event.event === 'labeled' && isOrWasQueueLabel(event.label ?? '', writtenSettings(repo), repo.queueLabels)),
  )
  if (!last || last.at <= since) return undefined
  return { how: last.event === 'reopened' ? 'reopened' : 'labelled', actor: last.actor, at: last.at }
}

/** Labels and text of an issue under way that have changed without an event. */
async function syncChanges(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  issue: Issue,
): Promise<EventOutcome | undefined> {
  const snapshot = { ...issue, nativeBlockers: issue.nativeBlockers ?? null }
  const labels = await applyLateLabels(services, repo, item, snapshot)
  return (await syncIssueText(services, repo, item, issue)) ?? labels
}

/** An item whose issue is not among the open labelled ones: it is closed, deleted, unlabelled, or queued by a command. */
async function withoutLabel(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  known: Issue | undefined,
): Promise<EventOutcome> {
  const seen = { repository: repo, repo, item, sender: unknownActor, at: null }
  try {
    const issue = {
      ...(known ?? (await services.github.repository(repo).issue(item.issueNumber))),
      nativeBlockers: null,
    }
    const now = await noteQueueLabels(services.store.db, repo, issue.labelIds)
    const how = issue.state === 'closed' ? 'closed' : 'labelled'
    const outcome = await syncIssue(services, { ...seen, repository: now, repo: now, issue, how })
    if (outcome.state === 'done' || issue.state === 'closed') return outcome
    return (await syncChanges(services, repo, item, issue)) ?? outcome
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    const { issueNumber: number, title, body, url } = item
    const issue = {
      number,
      title,
      body,
      url,
      state: 'closed' as const,
      labels: [],
      author: unknownActor,
      isPullRequest: false,
      nativeBlockers: null,
    }
    return onIssueRemoved(services, { kind: 'issue-removed', how: 'deleted', ...seen, issue })
  }
}
