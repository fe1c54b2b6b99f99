/** The `deliver-event` queue: a stored delivery becomes facts, and each fact is acted on, once. */

import { createHash } from 'node:crypto'
import type { Store } from '../db/connect.ts'
import { type DeliveryRow, getDelivery, settleDelivery } from '../db/deliveries.ts'
import { firstTime, wasHandled } from '../db/idempotency-keys.ts'
import { inTurn } from '../db/keyed-mutex.ts'
import { ensureSystem } from '../db/repositories.ts'
import { StaleItem, systemOfRepository } from '../db/work-items.ts'
import { type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { Fact } from '../domain/events.ts'
import { PermissionUnavailable } from '../github/permissions.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { cannotAsk } from '../messages/webhooks.ts'
import { planEdited } from '../planning/on-plan-edited.ts'
import { pullMoved } from '../pull-requests/on-pull-request-changed.ts'
import { reviewed } from '../pull-requests/on-review.ts'
import { partChanged } from '../roadmaps/on-sub-issue-changed.ts'
import { issueGone, issueMoved } from '../work-items/on-issue-changed.ts'
import { issueEdited } from '../work-items/on-issue-edited.ts'
import {
  checked,
  dependencyChanged,
  pushed,
  repositoriesAdded,
  repositoriesGone,
  repositoryChanged,
} from '../work-items/on-repository-changed.ts'
import { sayOnce } from '../work-items/queue-label.ts'
import { type CommentServices, commented } from './comment-command.ts'
import { interpret } from './parse.ts'

/**
 * GitHub delivers again what is at most three days old; an hour more for clocks that differ. Anything older is a replay
 * of something signed long ago.
 */
const maxAgeMs = (3 * 24 + 1) * 3_600_000

/** A job hands on what is left after this long: one that takes 15 minutes counts as lost and is given to another worker. */
const jobMs = 5 * 60_000

/**
 * Handler of the `deliver-event` queue: works through deliveries in the order in which they came. The same delivery
 * twice, and the same event under two delivery ids, act once. One that fails does not hold up the others.
 * @param attempt.last whether nobody will try again after this: then a failure is told.
 * @throws what made the first of them fail, or {RetryAfter} when GitHub asked for a pause; the job is tried again, and what
 * was settled stays so.
 */
export async function deliver(
  parts: CommentServices,
  job: { deliveryIds: readonly string[] },
  attempt: { last: boolean } = { last: false },
): Promise<void> {
  const failures: unknown[] = []
  const until = Date.now() + jobMs
  for (const [index, deliveryId] of job.deliveryIds.entries()) {
    if (Date.now() > until) {
      await parts.store.queues.send({ queue: 'deliver-event', deliveryIds: job.deliveryIds.slice(index) })
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
  const { facts, note } = interpret(delivery.event, JSON.parse(delivery.payload), parts.github.app)
  if (facts.length === 0) return settle(parts.store, delivery, ignored(note ?? ''))
  const key = `event:${createHash('sha256').update(`${delivery.event}\n${delivery.payload}`).digest('hex')}`
  const outcomes: EventOutcome[] = []
  for (const fact of facts) {
    try {
      outcomes.push(await inTurn(parts.store, placeOf(fact), () => unlessOld(parts, delivery, fact, key)))
    } catch (error) {
      if (attempt.last && !findRetryAfter(error)) return fail(parts, delivery, fact, error)
      throw error
    }
  }
  await settle(parts.store, delivery, summary(outcomes), key)
}

/** Facts about one repository are acted on one after another; two processes are kept apart by row locks. */
function placeOf(fact: Fact): string {
  return 'repository' in fact ? String(fact.repository.repositoryId) : 'all'
}

async function unlessOld(
  parts: CommentServices,
  delivery: DeliveryRow,
  fact: Fact,
  key: string,
): Promise<EventOutcome> {
  if (await wasHandled(parts.store.db, key)) return ignored('the same event came under another delivery id')
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

function act(parts: CommentServices, fact: Fact): Promise<EventOutcome> {
  switch (fact.kind) {
    case 'issue moved':
      return issueMoved(parts, fact)
    case 'issue edited':
      return issueEdited(parts, fact)
    case 'issue gone':
      return issueGone(parts, fact)
    case 'commented':
      return commented(parts, fact)
    case 'plan edited':
      return planEdited(parts, fact)
    case 'reviewed':
      return reviewed(parts, fact)
    case 'pull moved':
      return pullMoved(parts, fact)
    case 'pushed':
      return pushed(parts, fact)
    case 'checked':
      return checked(parts, fact)
    case 'dependency changed':
      return dependencyChanged(parts, fact)
    case 'part changed':
      return partChanged(parts, fact)
    case 'repository changed':
      return repositoryChanged(parts, fact)
    case 'repositories gone':
      return repositoriesGone(parts, fact)
    case 'repositories added':
      return repositoriesAdded(parts)
  }
}

function summary(outcomes: EventOutcome[]): EventOutcome {
  const note = outcomes.map((outcome) => outcome.note).join('; ')
  return { state: outcomes.some((outcome) => outcome.state === 'done') ? 'done' : 'ignored', note }
}

async function settle(store: Store, delivery: DeliveryRow, outcome: EventOutcome, key?: string): Promise<void> {
  await store.transaction(async (tx) => {
    if (key && outcome.state === 'done') await firstTime(tx, key)
    await settleDelivery(tx.db, delivery.deliveryId, outcome.state, outcome.note)
  })
}

/** The end of the attempts. Where somebody waits for an answer they get one; the reconcile looks after the rest. */
async function fail(parts: CommentServices, delivery: DeliveryRow, fact: Fact, error: unknown): Promise<void> {
  const note = error instanceof Error ? error.message : String(error)
  parts.log.error(
    { err: error, delivery: delivery.deliveryId, event: delivery.event },
    'a delivery could not be acted on',
  )
  await parts.store.transaction(async (tx) => {
    if (error instanceof PermissionUnavailable && 'issue' in fact && fact.repository.installationId !== 0) {
      const known = await systemOfRepository(tx.db, fact.repository.repositoryId)
      const system = await ensureSystem(tx, known, fact.repository)
      const key = `cannot-ask:${delivery.deliveryId}`
      await sayOnce(tx, system, fact.issue.number, cannotAsk(error.actor.login), key)
    }
    await settleDelivery(tx.db, delivery.deliveryId, 'failed', note)
  })
}
