/** An issue was labelled, unlabelled, closed, reopened, edited, deleted or transferred. */

import { isBlocker } from '../db/blockers.ts'
import { firstTime, forget, heardAt, wasHandled } from '../db/idempotency-keys.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { settingsOf } from '../db/repositories.ts'
import {
  type ItemRow,
  itemOfIssue,
  lockItem,
  noteBlocker,
  type SystemRow,
  systemOfRepository,
} from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { IssueFacts, IssueGone, IssueMoved, RepositoryFacts } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { isWanted, queues } from '../domain/labels.ts'
import { isFinished } from '../domain/lifecycle.ts'
import { NotFound } from '../github/types.ts'
import * as say from '../messages/webhooks.ts'
import { settlePull } from '../pull-requests/on-pull-request-changed.ts'
import { hearOf, type IssueSeen, issueSubject, labelSeen } from './issue-snapshot.ts'
import { mayStart, queueIt } from './queue-label.ts'
import { withSettings } from './refresh-settings.ts'
import { labelledAgain } from './roadmap-label.ts'
import type { Services } from './services.ts'
import { takeOff } from './set-aside.ts'
import { sizeItem } from './size-label.ts'

/** Acts on `issues` labeled, unlabeled, closed and reopened. */
export async function issueMoved(parts: Services, fact: IssueMoved): Promise<EventOutcome> {
  const { db } = parts.store
  const { repository, issue, label } = fact
  const known = await systemOfRepository(db, repository.repositoryId)
  // The usual label needs no look at the settings of a repository that was never worked on: queueing reads them.
  const usual = !known?.settings && label !== null && queues(label, settingsOf(undefined))
  const system = label === null || usual ? known : await withSettings(parts, known)
  if (label !== null && !queues(label, settingsOf(system))) return sizeItem(parts, fact, system)
  const item = system && (await itemOfIssue(db, system.id, issue.number))
  const seen = { repository, system, item, issue, how: fact.how, sender: fact.sender, at: fact.at }
  const subject = issueSubject(repository.repositoryId, issue.number)
  const newest = await heardAt(db, subject)
  if (!fact.at || !newest || newest < fact.at) return settleIssue(parts, seen)
  // Something as new was heard already: what the payload shows may be over. GitHub is asked where it matters.
  const matters =
    item !== undefined || fact.how === 'labelled' || (await isBlocker(db, repository.fullName, issue.number))
  if (!matters) return ignored('older than what is known, and nobody waits for it')
  const now = await presentIssue(parts, system ?? repository, issue)
  if (now) return settleIssue(parts, { ...seen, issue: now })
  return issueGone(parts, { ...fact, kind: 'issue gone', how: 'deleted' })
}

async function presentIssue(
  parts: Services,
  where: Pick<RepositoryFacts, 'fullName' | 'installationId'>,
  known: IssueFacts,
): Promise<IssueFacts | undefined> {
  try {
    const issue = await parts.github.repository(where).issue(known.number)
    return { ...issue, nativeBlockers: issue.nativeBlockers ?? null }
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/** Brings the item of an issue into line with the issue as it is. Webhooks and the reconcile both end here. */
export async function settleIssue(parts: Services, seen: IssueSeen): Promise<EventOutcome> {
  if (seen.issue.state === 'closed') return closed(parts, seen)
  const wanted = isWanted(seen.issue.labels, settingsOf(seen.system))
  const starts = seen.how === 'labelled' || seen.how === 'reopened'
  if (wanted && starts && mayStart(seen.item)) return queueIt(parts, seen)
  if (wanted && seen.system && seen.item && seen.how !== 'closed') {
    const settled = await labelledAgain(parts, { ...seen, system: seen.system, item: seen.item })
    if (settled) return settled
  }
  return open(parts, seen, wanted)
}

async function closed(parts: Services, seen: IssueSeen): Promise<EventOutcome> {
  const { repository, system, item, issue, sender } = seen
  const merged = item && system && !isFinished(item) && (await mergeBehind(parts, system, item, sender))
  return parts.store.transaction(async (tx) => {
    await hearOf(tx, seen)
    await noteBlocker(tx, repository.fullName, issue.number, 'closed')
    if (merged) return done('the issue was closed by the merge of its pull request')
    const current = item && (await lockItem(tx, item.id))
    if (!current || isFinished(current)) return ignored('the issue is closed; nothing was under way')
    // The merge under way decides; it closes the issue too.
    if (current.state === 'merging') return ignored('the issue was closed while its pull request is being merged')
    if (parts.github.isSelf(sender)) return ignored('the issue was closed by us')
    await takeOff(tx, current, 'cancelled', { actor: sender.login, why: say.closedIssue(sender.login) })
    return done('the issue was closed, its item cancelled')
  })
}

/**
 * A merge closes the issue, and the two events come in any order: where a pull request is open, it is asked about.
 * @returns whether it was merged; then the item is done.
 */
async function mergeBehind(parts: Services, system: SystemRow, item: ItemRow, sender: Actor): Promise<boolean> {
  const row = await pullOfItem(parts.store.db, item.id)
  if (row?.state !== 'open' || item.state === 'merging') return false
  const pull = await parts.github.repository(system).pull(row.number)
  if (pull.merged) await settlePull(parts, { system, pull, sender, at: null })
  return pull.merged
}

async function open(parts: Services, seen: IssueSeen, wanted: boolean): Promise<EventOutcome> {
  const { repository, system, item, issue, how, sender } = seen
  return parts.store.transaction(async (tx) => {
    await hearOf(tx, seen)
    if (how === 'reopened' || how === 'closed') await noteBlocker(tx, repository.fullName, issue.number, 'open')
    if (!system) return ignored('nothing is known of this repository')
    const key = labelSeen(system.id, issue.number)
    const wasOn = await wasHandled(tx.db, key)
    if (wanted) await firstTime(tx, key)
    else await forget(tx, key)
    if (wanted || !item) return ignored('nothing follows from it')
    const current = await lockItem(tx, item.id)
    if (!current || isFinished(current) || !(wasOn || how === 'unlabelled')) return ignored('nothing was under way')
    if (current.state === 'merging') return ignored('its pull request is being merged at this moment')
    const why = say.unlabelled(sender.login, settingsOf(system).label)
    await takeOff(tx, current, 'cancelled', { actor: sender.login, why })
    return done('the label was taken off, the item cancelled')
  })
}

/** Acts on an issue that is not there any more. */
export async function issueGone(parts: Services, fact: IssueGone): Promise<EventOutcome> {
  const { repository, issue, sender } = fact
  const system = await systemOfRepository(parts.store.db, repository.repositoryId)
  const item = system && (await itemOfIssue(parts.store.db, system.id, issue.number))
  return parts.store.transaction(async (tx) => {
    await hearOf(tx, { repository, issue, at: fact.at })
    await noteBlocker(tx, repository.fullName, issue.number, 'missing')
    if (!item || isFinished(item)) return ignored('nothing was under way')
    await takeOff(tx, item, 'cancelled', { actor: sender.login, why: say.issueGone(fact.how) })
    return done(`the issue was ${fact.how}, its item cancelled`)
  })
}
