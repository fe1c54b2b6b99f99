/** An issue was labelled, unlabelled, closed, reopened, edited, deleted or transferred. */

import { isBlocker } from '../db/blockers.ts'
import { claimKey, hasKey, lastEventTime, releaseKey } from '../db/idempotency-keys.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { settingsOf } from '../db/repositories.ts'
import {
  type ItemRow,
  itemOfIssue,
  lockItem,
  type RepositoryRow,
  repositoryByGithubId,
  setBlockerState,
} from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueChanged, IssueRemoved, IssueSnapshot, RepositoryIdentity } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { hasQueueLabel, isQueueLabel } from '../domain/labels.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { NotFound } from '../github/github.ts'
import * as say from '../messages/webhooks.ts'
import { syncPullRequest } from '../pull-requests/on-pull-request-changed.ts'
import { issueSubject, labelSeenKey, type ObservedIssue, recordIssueTime } from './issue-snapshot.ts'
import { canStart, queueFromLabel } from './queue-label.ts'
import { withSettings } from './refresh-settings.ts'
import { onRoadmapLabel } from './roadmap-label.ts'
import type { Services } from './services.ts'
import { setItemAside } from './set-aside.ts'
import { applySizeLabels } from './size-label.ts'

/** Acts on `issues` labeled, unlabeled, closed and reopened. */
export async function onIssueChanged(parts: Services, fact: IssueChanged): Promise<EventOutcome> {
  const { db } = parts.store
  const { repository, issue, label } = fact
  const known = await repositoryByGithubId(db, repository.githubId)
  // The usual label needs no look at the settings of a repository that was never worked on: queueing reads them.
  const usual = !known?.settings && label !== null && isQueueLabel(label, settingsOf(undefined))
  const repo = label === null || usual ? known : await withSettings(parts, known)
  if (label !== null && !isQueueLabel(label, settingsOf(repo))) return applySizeLabels(parts, fact, repo)
  const item = repo && (await itemOfIssue(db, repo.id, issue.number))
  const seen = { repository, repo, item, issue, how: fact.how, sender: fact.sender, at: fact.at }
  const subject = issueSubject(repository.githubId, issue.number)
  const newest = await lastEventTime(db, subject)
  if (!fact.at || !newest || newest < fact.at) return syncIssue(parts, seen)
  // Something as new was heard already: what the payload shows may be over. GitHub is asked where it matters.
  const matters =
    item !== undefined || fact.how === 'labelled' || (await isBlocker(db, repository.fullName, issue.number))
  if (!matters) return ignored('older than what is known, and nobody waits for it')
  const now = await presentIssue(parts, repo ?? repository, issue)
  if (now) return syncIssue(parts, { ...seen, issue: now })
  return onIssueRemoved(parts, { ...fact, kind: 'issue-removed', how: 'deleted' })
}

async function presentIssue(
  parts: Services,
  where: Pick<RepositoryIdentity, 'fullName' | 'installationId'>,
  known: IssueSnapshot,
): Promise<IssueSnapshot | undefined> {
  try {
    const issue = await parts.github.repository(where).issue(known.number)
    return { ...issue, nativeBlockers: issue.nativeBlockers ?? null }
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/** Brings the item of an issue into line with the issue as it is. Webhooks and the reconcile both end here. */
export async function syncIssue(parts: Services, seen: ObservedIssue): Promise<EventOutcome> {
  if (seen.issue.state === 'closed') return closed(parts, seen)
  const wanted = hasQueueLabel(seen.issue.labels, settingsOf(seen.repo))
  const starts = seen.how === 'labelled' || seen.how === 'reopened'
  if (wanted && starts && canStart(seen.item)) return queueFromLabel(parts, seen)
  if (wanted && seen.repo && seen.item && seen.how !== 'closed') {
    const settled = await onRoadmapLabel(parts, { ...seen, repo: seen.repo, item: seen.item })
    if (settled) return settled
  }
  return open(parts, seen, wanted)
}

async function closed(parts: Services, seen: ObservedIssue): Promise<EventOutcome> {
  const { repository, repo, item, issue, sender } = seen
  const merged = item && repo && !isTerminal(item) && (await mergeBehind(parts, repo, item, sender))
  return parts.store.transaction(async (tx) => {
    await recordIssueTime(tx, seen)
    await setBlockerState(tx, repository.fullName, issue.number, 'closed')
    if (merged) return done('the issue was closed by the merge of its pull request')
    const current = item && (await lockItem(tx, item.id))
    if (!current || isTerminal(current)) return ignored('the issue is closed; nothing was under way')
    // The merge under way decides; it closes the issue too.
    if (current.state === 'merging') return ignored('the issue was closed while its pull request is being merged')
    if (parts.github.isSelf(sender)) return ignored('the issue was closed by us')
    await setItemAside(tx, current, 'cancelled', { actor: sender.login, why: say.closedIssue(sender.login) })
    return done('the issue was closed, its item cancelled')
  })
}

/**
 * A merge closes the issue, and the two events come in any order: where a pull request is open, it is asked about.
 * @returns whether it was merged; then the item is done.
 */
async function mergeBehind(parts: Services, repo: RepositoryRow, item: ItemRow, sender: Actor): Promise<boolean> {
  const row = await pullOfItem(parts.store.db, item.id)
  if (row?.state !== 'open' || item.state === 'merging') return false
  const pull = await parts.github.repository(repo).pull(row.number)
  if (pull.merged) await syncPullRequest(parts, { repo, pull, sender, at: null })
  return pull.merged
}

async function open(parts: Services, seen: ObservedIssue, wanted: boolean): Promise<EventOutcome> {
  const { repository, repo, item, issue, how, sender } = seen
  return parts.store.transaction(async (tx) => {
    await recordIssueTime(tx, seen)
    if (how === 'reopened' || how === 'closed') await setBlockerState(tx, repository.fullName, issue.number, 'open')
    if (!repo) return ignored('nothing is known of this repository')
    const key = labelSeenKey(repo.id, issue.number)
    const wasOn = await hasKey(tx.db, key)
    if (wanted) await claimKey(tx, key)
    else await releaseKey(tx, key)
    if (wanted || !item) return ignored('nothing follows from it')
    const current = await lockItem(tx, item.id)
    if (!current || isTerminal(current) || !(wasOn || how === 'unlabelled')) return ignored('nothing was under way')
    if (current.state === 'merging') return ignored('its pull request is being merged at this moment')
    const why = say.unlabelled(sender.login, settingsOf(repo).label)
    await setItemAside(tx, current, 'cancelled', { actor: sender.login, why })
    return done('the label was taken off, the item cancelled')
  })
}

/** Acts on an issue that is not there any more. */
export async function onIssueRemoved(parts: Services, fact: IssueRemoved): Promise<EventOutcome> {
  const { repository, issue, sender } = fact
  const repo = await repositoryByGithubId(parts.store.db, repository.githubId)
  const item = repo && (await itemOfIssue(parts.store.db, repo.id, issue.number))
  return parts.store.transaction(async (tx) => {
    await recordIssueTime(tx, { repository, issue, at: fact.at })
    await setBlockerState(tx, repository.fullName, issue.number, 'missing')
    if (!item || isTerminal(item)) return ignored('nothing was under way')
    await setItemAside(tx, item, 'cancelled', { actor: sender.login, why: say.issueRemoved(fact.how) })
    return done(`the issue was ${fact.how}, its item cancelled`)
  })
}
