/** Queues an issue for a label that a person with write access put on. */

import { appendAudit } from '../db/audit-log.ts'
import type { Tx } from '../db/connect.ts'
import { setBlockerState } from '../db/dependencies.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import { enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { ensureRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { runsOf } from '../db/runs.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import { hasLabel } from '../domain/labels.ts'
import { isPerson } from '../domain/permissions.ts'
import { mayWrite } from '../github/permissions.ts'
import { labelByBot, labelOnPullRequest, labelWithoutWriteAccess } from '../messages/refusals.ts'
import { enqueueIssue } from './enqueue-issue.ts'
import { labelSeenKey, type ObservedIssue, recordIssueTime } from './issue-snapshot.ts'
import { noteQueueLabels } from './on-label-renamed.ts'
import type { Services } from './services.ts'

/** Whether a label can start work: there is no item yet, or it has ended, or is held. */
export function canStart(item: ItemRow | undefined): boolean {
  return item === undefined || ['held', 'skipped', 'cancelled', 'done'].includes(item.state)
}

/**
 * Queues the issue when the person who put the label on has write access at this moment. Otherwise one comment on the
 * issue says what to do.
 */
export async function queueFromLabel(services: Services, seen: ObservedIssue): Promise<EventOutcome> {
  const { repository, issue, sender } = seen
  const settings = settingsOf(seen.repo)
  const label = hasLabel(issue.labels, settings.label) ? settings.label : settings.roadmap.label
  if (repository.installationId === 0 && !seen.repo) return ignored('the delivery names no installation of the app')
  const where = seen.repo ?? repository
  const allowed = !issue.isPullRequest && (await mayWrite(services, where, sender))
  return services.store.transaction(async (tx) => {
    const repo = await noteQueueLabels(tx.db, await ensureRepository(tx, seen.repo, repository), issue.labelIds)
    await recordIssueTime(tx, seen)
    await claimKey(tx, labelSeenKey(repo.id, issue.number))
    if (!allowed) return refuse(tx, repo, seen, label)
    const known = await itemOfIssue(tx.db, repo.id, issue.number)
    const runs = known ? await runsOf(tx.db, known.id) : []
    const queued = await enqueueIssue(tx, {
      repo,
      settings: settingsOf(repo),
      issue,
      actor: sender,
      lastRunId: runs.at(-1)?.id,
    })
    if (queued.happened === 'nothing') return ignored('the issue is under way already')
    if (seen.how === 'reopened') await setBlockerState(tx, repository.fullName, issue.number, 'open')
    return done(queued.happened)
  })
}

async function refuse(tx: Tx, repo: RepositoryRow, seen: ObservedIssue, label: string): Promise<EventOutcome> {
  const { issue, sender } = seen
  const body = issue.isPullRequest
    ? labelOnPullRequest(label)
    : isPerson(sender)
      ? labelWithoutWriteAccess(sender.login, label)
      : labelByBot(sender.login, label)
  if (!(await commentOnce(tx, repo, { issueNumber: issue.number, body })))
    return ignored('the label does not count; it was said before')
  await appendAudit(tx, {
    repositoryId: repo.id,
    actor: sender.login,
    what: 'refused label',
    detail: { issue: issue.number, actorId: sender.id, label },
  })
  return ignored('the label does not count; it is said once')
}

/** The key for "a comment on this issue has explained why a label or a command does not count". */
export const refusalKey = (repositoryId: number, issueNumber: number) => `refused:${repositoryId}#${issueNumber}`

/** Requests a comment under a key, once. @returns false when it was requested before. */
export async function commentOnce(
  tx: Tx,
  repo: RepositoryRow,
  { issueNumber, body, key = refusalKey(repo.id, issueNumber) }: { issueNumber: number; body: string; key?: string },
): Promise<boolean> {
  if (!(await claimKey(tx, key))) return false
  await enqueueEffect(tx, { repositoryId: repo.id, key }, { kind: 'comment', payload: { issueNumber, body } })
  return true
}
