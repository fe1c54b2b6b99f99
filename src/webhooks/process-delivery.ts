/** The `deliver-event` queue: a stored delivery becomes facts, and each fact is acted on, once. */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { completeDelivery, type DeliveryRow, getDelivery } from '../db/deliveries.ts'
import { claimKey, hasKey } from '../db/idempotency-keys.ts'
import { withKeyedMutex } from '../db/keyed-mutex.ts'
import { ensureRepository, repositoryByGithubId } from '../db/repositories.ts'
import { StaleItem } from '../db/work-items.ts'
import { type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { DomainEvent } from '../domain/events.ts'
import { PermissionUnavailable } from '../github/permissions.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { permissionUnavailable } from '../messages/webhooks.ts'
import { onPlanEdited } from '../planning/on-plan-edited.ts'
import { onCheckCompleted } from '../pull-requests/ci/on-check-completed.ts'
import { onPullRequestChanged } from '../pull-requests/on-pull-request-changed.ts'
import { onReview } from '../pull-requests/on-review.ts'
import { onSubIssueChanged } from '../roadmaps/on-sub-issue-changed.ts'
import { onIssueChanged, onIssueRemoved } from '../work-items/on-issue-changed.ts'
import { onIssueEdited } from '../work-items/on-issue-edited.ts'
import {
  onBranchPushed,
  onDependencyChanged,
  onRepositoriesAdded,
  onRepositoriesRemoved,
  onRepositoryChanged,
} from '../work-items/on-repository-changed.ts'
import { commentOnce } from '../work-items/queue-label.ts'
import { type CommentServices, onComment } from './comment-command.ts'
import { parseDelivery } from './parse.ts'

/**
 * GitHub delivers again what is at most three days old; an hour more for clocks that differ. Anything older is a replay
 * of something signed long ago.
 */
const maxAgeMs = (3 * 24 + 1) * 3_600_000

/** A job hands on what is left after this long: one that takes 15 minutes counts as lost and is given to another worker. */
const jobMs = 5 * 60_000

/**
 * Handler of the `process-delivery` queue: works through deliveries in the order in which they came. The same delivery
 * twice, and the same event under two delivery ids, act once. One that fails does not hold up the others.
 * @param attempt.last whether nobody will try again after this: then a failure is told.
 * @throws what made the first of them fail, or {RetryAfter} when GitHub asked for a pause; the job is tried again, and what
 * was settled stays so.
 */
export async function processDelivery(
  parts: CommentServices,
  job: { deliveryIds: readonly string[] },
  attempt: { last: boolean } = { last: false },
): Promise<void> {
  const failures: unknown[] = []
  const until = Date.now() + jobMs
  for (const [index, deliveryId] of job.deliveryIds.entries()) {
    if (Date.now() > until) {
      await parts.store.queues.send({ queue: 'process-delivery', deliveryIds: job.deliveryIds.slice(index) })
      break
    }
    try {
      await deliverOne(parts, deliveryId, attempt)
    } catch (error) {
      failures.push(error)
      if (findRetryAfter(error)) break
    }
  }
  if (failures.length > 0) throw failures.find((error) => findRetryAfter(error)) ?? failures[0]
}

async function deliverOne(parts: CommentServices, deliveryId: string, attempt: { last: boolean }): Promise<void> {
  const delivery = await getDelivery(parts.store.db, deliveryId)
  if (delivery?.state !== 'stored') return
  const { facts, note } = parseDelivery(delivery.event, JSON.parse(delivery.payload), parts.github.app)
  if (facts.length === 0) return settle(parts.store, delivery, ignored(note ?? ''))
  const key = `event:${createHash('sha256').update(`${delivery.event}\n${delivery.payload}`).digest('hex')}`
  const outcomes: EventOutcome[] = []
  for (const fact of facts) {
    try {
      outcomes.push(await withKeyedMutex(parts.store, placeOf(fact), () => unlessOld(parts, delivery, fact, key)))
    } catch (error) {
      if (attempt.last && !findRetryAfter(error)) return fail(parts, delivery, fact, error)
      throw error
    }
  }
  await settle(parts.store, delivery, summary(outcomes), key)
}

/** Facts about one repository are acted on one after another; two processes are kept apart by row locks. */
function placeOf(fact: DomainEvent): string {
  return 'repository' in fact ? String(fact.repository.githubId) : 'all'
}

async function unlessOld(
  parts: CommentServices,
  delivery: DeliveryRow,
  fact: DomainEvent,
  key: string,
): Promise<EventOutcome> {
  if (await hasKey(parts.store.db, key)) return ignored('the same event came under another delivery id')
  const at = 'at' in fact ? fact.at : null
  if (at && delivery.receivedAt.getTime() - at.getTime() > maxAgeMs) {
    return ignored(`it happened at ${at.toISOString()}: too long before it was delivered`)
  }
  return patiently(() => act(parts, fact))
}

/** An item that another room moved meanwhile is looked at again. */
async function patiently(work: () => Promise<EventOutcome>): Promise<EventOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StaleItem) || attempt === 5) throw error
    }
  }
}

function act(parts: CommentServices, fact: DomainEvent): Promise<EventOutcome> {
  switch (fact.kind) {
    case 'issue-changed':
      return onIssueChanged(parts, fact)
    case 'issue-edited':
      return onIssueEdited(parts, fact)
    case 'issue-removed':
      return onIssueRemoved(parts, fact)
    case 'comment-created':
      return onComment(parts, fact)
    case 'plan-edited':
      return onPlanEdited(parts, fact)
    case 'review-submitted':
      return onReview(parts, fact)
    case 'pull-request-changed':
      return onPullRequestChanged(parts, fact)
    case 'branch-pushed':
      return onBranchPushed(parts, fact)
    case 'check-completed':
      return onCheckCompleted(parts, fact)
    case 'dependency-changed':
      return onDependencyChanged(parts, fact)
    case 'sub-issue-changed':
      return onSubIssueChanged(parts, fact)
    case 'repository-changed':
      return onRepositoryChanged(parts, fact)
    case 'repositories-removed':
      return onRepositoriesRemoved(parts, fact)
    case 'repositories-added':
      return onRepositoriesAdded(parts)
  }
}

function summary(outcomes: EventOutcome[]): EventOutcome {
  const note = outcomes.map((outcome) => outcome.note).join('; ')
  return { state: outcomes.some((outcome) => outcome.state === 'done') ? 'done' : 'ignored', note }
}

async function settle(store: Store, delivery: DeliveryRow, outcome: EventOutcome, key?: string): Promise<void> {
  await store.transaction(async (tx) => {
    if (key && outcome.state === 'done') await claimKey(tx, key)
    await completeDelivery(tx.db, delivery.deliveryId, outcome.state, outcome.note)
  })
}

/** The end of the attempts. Where somebody waits for an answer they get one; the reconcile looks after the rest. */
async function fail(parts: CommentServices, delivery: DeliveryRow, fact: DomainEvent, error: unknown): Promise<void> {
  const note = error instanceof Error ? error.message : String(error)
  parts.log.error(
    { err: error, delivery: delivery.deliveryId, event: delivery.event },
    'a delivery could not be acted on',
  )
  await parts.store.transaction(async (tx) => {
    if (error instanceof PermissionUnavailable && 'issue' in fact && fact.repository.installationId !== 0) {
      const known = await repositoryByGithubId(tx.db, fact.repository.githubId)
      const repo = await ensureRepository(tx, known, fact.repository)
      const key = `cannot-ask:${delivery.deliveryId}`
      await commentOnce(tx, repo, fact.issue.number, permissionUnavailable(error.actor.login), key)
    }
    await completeDelivery(tx.db, delivery.deliveryId, 'failed', note)
  })
}

export const processDeliveryJob = defineJob(
  { queue: 'process-delivery', payload: z.object({ deliveryIds: z.array(z.string()) }), batch: 20, workers: 2 },
  processDelivery,
)
