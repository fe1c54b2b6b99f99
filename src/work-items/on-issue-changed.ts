/** An issue was labelled, unlabelled, closed, reopened, edited, deleted or transferred. */

import type { Tx } from '../db/connect.ts'
import { isBlocker, setBlockerState } from '../db/dependencies.ts'
import { claimKey, hasKey, lastEventTime, releaseKey } from '../db/idempotency-keys.ts'
import { cancelEffect, enqueueEffect } from '../db/outbox.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { settingsOf, writtenSettings } from '../db/repository-settings.ts'
import { type ItemRow, itemOfIssue, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueChanged, IssueRemoved, IssueSnapshot, RepositoryIdentity } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { hasQueueLabel, isQueueLabel } from '../domain/labels.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { isOrWasQueueLabel } from '../domain/queue-labels.ts'
import { NotFound } from '../github/github.ts'
import * as messages from '../messages/issues.ts'
import { syncPullRequest } from '../pull-requests/on-pull-request-changed.ts'
import {
  closedSeenKey,
  closeIssueKey,
  issueSubject,
  labelSeenKey,
  type ObservedIssue,
  recordIssueTime,
} from './issue-snapshot.ts'
import { noteQueueLabels } from './on-label-renamed.ts'
import { canStart, queueFromLabel } from './queue-label.ts'
import { withSettings } from './refresh-settings.ts'
import { onRoadmapLabel } from './roadmap-label.ts'
import { applyScopedLabels } from './scoped-labels.ts'
import type { Services } from './services.ts'
import { setItemAside } from './set-aside.ts'

/** Acts on `issues` labeled, unlabeled, closed and reopened. */
export async function onIssueChanged(services: Services, event: IssueChanged): Promise<EventOutcome> {
  const { db } = services.store
  const { repository, issue, label } = event
  const known = await repositoryByGithubId(db, repository.githubId)
  // The default label needs no settings in a repository without work so far: queueing reads them.
  const usual = !known?.settings && label !== null && isQueueLabel(label, settingsOf(undefined))
  const read = label === null || usual ? known : await withSettings(services, known)
  const repo = read && (await noteQueueLabels(db, read, issue.labelIds))
  if (label !== null && !isQueueLabel(label, settingsOf(repo))) return applyScopedLabels(services, event, repo)
  const item = repo && (await itemOfIssue(db, repo.id, issue.number))
  const seen = { repository, repo, item, issue, how: event.how, sender: event.sender, at: event.at }
  const subject = issueSubject(repository.githubId, issue.number)
  const newest = await lastEventTime(db, subject)
  if (!event.at || !newest || newest < event.at) return syncIssue(services, seen)
  // A newer event was processed already, so the payload may be out of date. GitHub is asked where it matters.
  const matters =
    item !== undefined || event.how === 'labelled' || (await isBlocker(db, repository.fullName, issue.number))
  if (!matters) return ignored('older than what is known, and nothing waits for it')
  const now = await presentIssue(services, repo ?? repository, issue)
  if (now) return syncIssue(services, { ...seen, issue: now })
  return onIssueRemoved(services, { ...event, kind: 'issue-removed', how: 'deleted' })
}

async function presentIssue(
  services: Services,
  where: Pick<RepositoryIdentity, 'fullName' | 'installationId'>,
  known: IssueSnapshot,
): Promise<IssueSnapshot | undefined> {
  try {
    const issue = await services.github.repository(where).issue(known.number)
    return { ...issue, nativeBlockers: issue.nativeBlockers ?? null }
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/** Brings the item of an issue into line with the issue. Webhooks and the reconcile both call this. */
export async function syncIssue(services: Services, seen: ObservedIssue): Promise<EventOutcome> {
  if (seen.issue.state === 'closed') return closed(services, seen)
  const { repo, issue } = seen
  if (repo && seen.how === 'reopened')
    await services.store.transaction((tx) => releaseKey(tx, closedSeenKey(repo.id, issue.number)))
  const labelled = hasQueueLabel(issue.labels, settingsOf(repo))
  const starts = seen.how === 'labelled' || seen.how === 'reopened'
  if (labelled && starts && canStart(seen.item)) return queueFromLabel(services, seen)
  if (labelled && seen.repo && seen.item && seen.how !== 'closed') {
    const settled = await onRoadmapLabel(services, { ...seen, repo: seen.repo, item: seen.item })
    if (settled) return settled
  }
  const off = labelled || seen.how === 'unlabelled' ? undefined : await takenOff(services, seen)
  if (off === 'not by a person') return ignored('the label has another name, or is gone from the repository')
  return open(services, { ...seen, sender: off ?? seen.sender }, labelled)
}

/**
 * The label was on when the issue was last seen, and is not now, and no event has said so. Its name may have changed, so
 * the history of the issue decides.
 * @returns who took it off; undefined where it was not on.
 */
async function takenOff(services: Services, seen: ObservedIssue): Promise<Actor | 'not by a person' | undefined> {
  const { repo, item, issue } = seen
  if (!repo || !item || isTerminal(item)) return undefined
  if (!(await hasKey(services.store.db, labelSeenKey(repo.id, issue.number)))) return undefined
  const events = (await services.github.repository(repo).issueEvents(issue.number)) ?? []
  const settings = writtenSettings(repo)
  const last = events.findLast(
    ({ event, label }) =>
      (event === 'labeled' || event === 'unlabeled') && isOrWasQueueLabel(label ?? '', settings, repo.queueLabels),
  )
  return last?.event === 'unlabeled' ? last.actor : 'not by a person'
}

async function closed(services: Services, seen: ObservedIssue): Promise<EventOutcome> {
  const { repository, repo, item, issue, sender } = seen
  const merged = item && repo && !isTerminal(item) && (await wasClosedByMerge(services, repo, item, sender))
  return services.store.transaction(async (tx) => {
    await recordIssueTime(tx, seen)
    await setBlockerState(tx, repository.fullName, issue.number, 'closed')
    if (repo) await claimKey(tx, closedSeenKey(repo.id, issue.number))
    const pull = item && (await pullOfItem(tx.db, item.id))
    if (pull) await cancelEffect(tx, closeIssueKey(pull))
    if (merged) return done('the issue was closed by the merge of its pull request')
    const current = item && (await lockItem(tx, item.id))
    if (!current || isTerminal(current)) return ignored('the issue is closed; nothing was under way')
    // The merge that is under way decides: it closes the issue too.
    if (current.state === 'merging') return ignored('the issue was closed while its pull request is being merged')
    if (services.github.isSelf(sender)) return ignored('the issue was closed by us')
    await giveUp(tx, current, { repo, by: sender.login })
    return done('the issue was closed, its item cancelled')
  })
}

/** The item of a closed issue is given up. Its pull request stays open or is closed, as the settings say, and people are shown which. */
async function giveUp(
  tx: Tx,
  item: ItemRow,
  { repo, by }: { repo: RepositoryRow | undefined; by: string },
): Promise<void> {
  const pull = await pullOfItem(tx.db, item.id)
  const number = pull?.state === 'open' ? pull.number : undefined
  const closes = settingsOf(repo).pullRequests.whenIssueCloses === 'close'
  await setItemAside(tx, item, 'cancelled', { actor: by, why: messages.issueClosed(by, number, closes) })
  if (number === undefined || !closes) return
  const target = { repositoryId: item.repositoryId, workItemId: item.id, key: `close-pull:${item.id}:${number}` }
  await enqueueEffect(tx, target, { kind: 'close-pull-request', payload: { pullNumber: number } }, { again: true })
}

/**
 * A merge closes the issue, and the two events come in any order. So GitHub is asked about an open pull request.
 * @returns whether it was merged; then the item is done.
 */
async function wasClosedByMerge(
  services: Services,
  repo: RepositoryRow,
  item: ItemRow,
  sender: Actor,
): Promise<boolean> {
  const row = await pullOfItem(services.store.db, item.id)
  if (row?.state !== 'open' || item.state === 'merging') return false
  const pull = await services.github.repository(repo).pull(row.number)
  if (pull.merged) await syncPullRequest(services, { repo, pull, sender, at: null })
  return pull.merged
}

async function open(services: Services, seen: ObservedIssue, labelled: boolean): Promise<EventOutcome> {
  const { repository, repo, item, issue, how, sender } = seen
  return services.store.transaction(async (tx) => {
    await recordIssueTime(tx, seen)
    if (how === 'reopened' || how === 'closed') await setBlockerState(tx, repository.fullName, issue.number, 'open')
    if (!repo) return ignored('nothing is known of this repository')
    const key = labelSeenKey(repo.id, issue.number)
    const wasOn = await hasKey(tx.db, key)
    if (labelled) await claimKey(tx, key)
    else await releaseKey(tx, key)
    if (labelled || !item) return ignored('nothing follows from it')
    const current = await lockItem(tx, item.id)
    if (!current || isTerminal(current) || !(wasOn || how === 'unlabelled')) return ignored('nothing was under way')
    if (current.state === 'merging') return ignored('its pull request is being merged at this moment')
    const why = messages.labelRemoved(sender.login, settingsOf(repo).label)
    await setItemAside(tx, current, 'cancelled', { actor: sender.login, why })
    return done('the label was taken off, the item cancelled')
  })
}

/** Acts on an issue that was deleted or transferred. */
export async function onIssueRemoved(services: Services, event: IssueRemoved): Promise<EventOutcome> {
  const { repository, issue, sender } = event
  const repo = await repositoryByGithubId(services.store.db, repository.githubId)
  const item = repo && (await itemOfIssue(services.store.db, repo.id, issue.number))
  return services.store.transaction(async (tx) => {
    await recordIssueTime(tx, { repository, issue, at: event.at })
    await setBlockerState(tx, repository.fullName, issue.number, 'missing')
    if (!item || isTerminal(item)) return ignored('nothing was under way')
    await setItemAside(tx, item, 'cancelled', { actor: sender.login, why: messages.issueRemoved(event.how) })
    return done(`the issue was ${event.how}, its item cancelled`)
  })
}
