/** Issues whose label, closing or reopening nobody told us of. */

import { firstTime, heardAt, wasHandled } from '../db/idempotency-keys.ts'
import { settingsOf } from '../db/repositories.ts'
import { type ItemRow, itemOfIssue, type SystemRow, unfinishedOf } from '../db/work-items.ts'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { IssueMoved } from '../domain/events.ts'
import type { Actor, Issue, IssueEvent } from '../domain/github.ts'
import { queues } from '../domain/labels.ts'
import { NotFound, type Repository } from '../github/types.ts'
import { labelUnexplained } from '../messages/webhooks.ts'
import { issueSubject, labelSeen } from '../work-items/issue-snapshot.ts'
import { issueGone, settleIssue } from '../work-items/on-issue-changed.ts'
import { compareText } from '../work-items/on-issue-edited.ts'
import { queueIt, refusalKey, sayOnce } from '../work-items/queue-label.ts'
import type { Services } from '../work-items/services.ts'
import type { Mended } from './mended.ts'

/** Who did what nobody told us of. */
const somebody: Actor = { id: 0, login: 'somebody', type: 'User' }

/** Compares the issues of one repository with its items. */
export async function reconcileIssues(parts: Services, system: SystemRow): Promise<Mended> {
  const github = parts.github.repository(system)
  const labelled = await wantedIssues(github, system)
  const mended: Mended = []
  const note = (issueNumber: number, outcome: EventOutcome | undefined) => {
    if (outcome?.state === 'done') mended.push(`${system.fullName}#${issueNumber}: ${outcome.note}`)
  }
  for (const issue of labelled) note(issue.number, await withLabel(parts, system, github, issue))
  const numbers = new Set(labelled.map((issue) => issue.number))
  const others = (await unfinishedOf(parts.store.db, system.id)).filter((item) => !numbers.has(item.issueNumber))
  const open = others.length > fewItems ? await github.openIssues() : []
  const listed = new Map(open.map((issue) => [issue.number, issue]))
  for (const item of others) {
    const issue = listed.get(item.issueNumber)
    const settled = issue && !(await wasHandled(parts.store.db, labelSeen(system.id, issue.number)))
    if (settled) note(item.issueNumber, await compareText(parts, system, item, issue))
    else note(item.issueNumber, await withoutLabel(parts, system, github, item, issue))
  }
  return mended
}

/** A roadmap queues hundreds without a label: past this many they are asked for by the hundred. */
const fewItems = 20

/** The open issues that carry the label for tasks or the one for roadmaps, each once. */
async function wantedIssues(github: Repository, system: SystemRow): Promise<Issue[]> {
  const { label, roadmap } = settingsOf(system)
  const tasks = await github.issuesLabelled(label)
  const roadmaps = await github.issuesLabelled(roadmap.label)
  return [...new Map([...tasks, ...roadmaps].map((issue) => [issue.number, issue])).values()]
}

/**
 * A labelled open issue. Whoever put the label on must have write access, and the author of the issue need not be
 * that person: only the issue's own history says who it was. Where the server does not tell, nothing starts.
 */
async function withLabel(
  parts: Services,
  system: SystemRow,
  github: Repository,
  issue: Issue,
): Promise<EventOutcome | undefined> {
  const { db } = parts.store
  const item = await itemOfIssue(db, system.id, issue.number)
  if (item && !['cancelled', 'skipped', 'done'].includes(item.state)) {
    if (!(await wasHandled(db, labelSeen(system.id, issue.number))))
      await parts.store.transaction((tx) => firstTime(tx, labelSeen(system.id, issue.number)))
    return compareText(parts, system, item, issue)
  }
  if (!item && (await wasHandled(db, refusalKey(system.id, issue.number)))) return undefined
  const events = await github.issueEvents(issue.number)
  const since = await heardAt(db, issueSubject(system.repositoryId, issue.number))
  const start = item ? startSince(events ?? [], system, since ?? item.updatedAt) : labelling(events ?? [], system)
  // An issue that we have made ourselves: whoever wanted it queues it in a moment.
  if (start && parts.github.isSelf(start.actor)) return undefined
  if (start) {
    const seen = { repository: system, system, item, issue: { ...issue, nativeBlockers: issue.nativeBlockers ?? null } }
    return queueIt(parts, { ...seen, how: start.how, sender: start.actor, at: start.at })
  }
  if (item) return undefined
  await parts.store.transaction((tx) => sayOnce(tx, system, issue.number, labelUnexplained(settingsOf(system).label)))
  return undefined
}

interface Start {
  how: IssueMoved['how']
  actor: Actor
  at: Date
}

function labelling(events: readonly IssueEvent[], system: SystemRow): Start | undefined {
  const last = events.findLast((event) => event.event === 'labeled' && queues(event.label ?? '', settingsOf(system)))
  return last && { how: 'labelled', actor: last.actor, at: last.at }
}

/** What asked for the work again after the newest thing we heard, by GitHub's clock. */
function startSince(events: readonly IssueEvent[], system: SystemRow, heard: Date): Start | undefined {
  const last = events.findLast(
    (event) =>
      event.event === 'reopened' || (event.event === 'labeled' && queues(event.label ?? '', settingsOf(system))),
  )
  if (!last || last.at <= heard) return undefined
  return { how: last.event === 'reopened' ? 'reopened' : 'labelled', actor: last.actor, at: last.at }
}

/** An item whose issue is not among the open labelled ones: closed, gone, unlabelled, or queued by a command. */
async function withoutLabel(
  parts: Services,
  system: SystemRow,
  github: Repository,
  item: ItemRow,
  known: Issue | undefined,
): Promise<EventOutcome> {
  const seen = { repository: system, system, item, sender: somebody, at: null }
  try {
    const issue = { ...(known ?? (await github.issue(item.issueNumber))), nativeBlockers: null }
    const outcome = await settleIssue(parts, { ...seen, issue, how: issue.state === 'closed' ? 'closed' : 'labelled' })
    if (outcome.state === 'done' || issue.state === 'closed') return outcome
    return (await compareText(parts, system, item, issue)) ?? outcome
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
      author: somebody,
      isPullRequest: false,
      nativeBlockers: null,
    }
    return issueGone(parts, { kind: 'issue gone', how: 'deleted', ...seen, issue })
  }
}
