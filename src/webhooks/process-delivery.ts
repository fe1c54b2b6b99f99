/** The `process-delivery` queue: a stored delivery is handed to Probot, once, and its outcome is stored with it. */

import { createHash } from 'node:crypto'
import type { EmitterWebhookEvent } from '@octokit/webhooks'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { isDataError } from '../db/data-error.ts'
import { defineJob } from '../db/define-job.ts'
import { completeDelivery, type DeliveryRow, getDelivery } from '../db/deliveries.ts'
import { claimKey, hasKey } from '../db/idempotency-keys.ts'
import { withKeyedMutex } from '../db/keyed-mutex.ts'
import { ensureRepository, repositoryByGithubId } from '../db/repositories.ts'
import { type EventOutcome, ignored } from '../domain/event-outcome.ts'
import { PermissionUnavailable } from '../github/permissions.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { parseStorable } from '../lib/storable-json.ts'
import { permissionUnavailable } from '../messages/refusals.ts'
import { commentOnce } from '../work-items/queue-label.ts'
import {
  type AttemptFailure,
  type AttemptResult,
  firstFailure,
  unfitPayload,
  unwrapProbotError,
} from './delivery-attempts.ts'
import type { LoadedWebhookApp } from './probot-app.ts'

/** What the job works with. */
export interface DeliveryServices {
  store: Store
  log: Logger
  webhooks: LoadedWebhookApp
}

/** A job hands on what is left after this long: one that takes 15 minutes counts as lost and is given to another worker. */
const jobMs = 5 * 60_000

/** What is read before a handler checks the rest: by Probot, to choose the handler and to make its context, and by us. */
const payloadSchema = z.looseObject({
  action: z.string().optional(),
  installation: z.looseObject({ id: z.int().nonnegative() }).nullish(),
  repository: z.looseObject({ id: z.int().nonnegative() }).nullish(),
})

/**
 * Handler of the `process-delivery` queue: works through deliveries in the order in which they came. The same delivery
 * twice, and the same event under two delivery ids, act once. One that fails does not hold up the others.
 * @param attempt.last whether no try follows this one: then a failure is final, and whoever waits is answered.
 * @throws what made the first of them fail, or {RetryAfter} when GitHub asked for a pause; the job is tried again, and what
 * was settled stays so.
 */
export async function processDelivery(
  services: DeliveryServices,
  job: { deliveryIds: readonly string[] },
  attempt: { last: boolean } = { last: false },
): Promise<void> {
  const failures: unknown[] = []
  const until = performance.now() + jobMs
  for (const [index, deliveryId] of job.deliveryIds.entries()) {
    if (performance.now() > until) {
      await services.store.queues.send({ queue: 'process-delivery', deliveryIds: job.deliveryIds.slice(index) })
      break
    }
    try {
      // A job that counts as lost may still be at work in this process when another worker has its deliveries.
      await withKeyedMutex(services.store, `delivery:${deliveryId}`, () => deliverOne(services, deliveryId, attempt))
    } catch (error) {
      failures.push(error)
      if (findRetryAfter(error)) break
    }
  }
  if (failures.length > 0) throw failures.find((error) => findRetryAfter(error)) ?? failures[0]
}

async function deliverOne(services: DeliveryServices, deliveryId: string, attempt: { last: boolean }): Promise<void> {
  const { store, webhooks } = services
  const delivery = await getDelivery(store.db, deliveryId)
  if (delivery?.state !== 'stored') return
  const { event } = delivery
  if (!webhooks.events.has(event)) return settle(store, delivery, ignored(`the event ${event} means nothing here`))
  const parsed = payloadSchema.safeParse(parseStorable(delivery.payload))
  if (!parsed.success) return refuse(services, delivery, unfitPayload(parsed.error))
  const payload = parsed.data
  // Deliveries of one repository are acted on one after another; two processes are kept apart by row locks.
  await withKeyedMutex(store, payload.repository ? String(payload.repository.id) : 'all', async () => {
    const key = `event:${createHash('sha256').update(`${event}\n${delivery.payload}`).digest('hex')}`
    const { outcomes, failures } = await receive(services, delivery, payload, key)
    const failure = firstFailure(failures)
    const isFinal = failure && !findRetryAfter(failure.error) && (attempt.last || isDataError(failure.error))
    if (isFinal) return fail(services, delivery, failure)
    if (failure) throw failure.error
    const unfit = outcomes.find((outcome) => outcome.unfit)
    if (unfit && outcomes.length === 1) return refuse(services, delivery, unfit)
    if (outcomes.length > 0) return settle(store, delivery, summary(outcomes), key)
    return settle(store, delivery, ignored([event, payload.action, 'means nothing here'].filter(Boolean).join(' ')))
  })
}

/** Hands a delivery to Probot. An error of Probot itself counts as one of a handler. */
async function receive(
  { store, webhooks }: DeliveryServices,
  { deliveryId, event, receivedAt }: DeliveryRow,
  payload: object,
  key: string,
): Promise<AttemptResult> {
  try {
    return await webhooks.attempts.during({ deliveryId, receivedAt, seenBefore: () => hasKey(store.db, key) }, () =>
      webhooks.probot.receive({ id: deliveryId, name: event, payload } as EmitterWebhookEvent),
    )
  } catch (error) {
    return { outcomes: [], failures: [{ error: unwrapProbotError(error), event: undefined }] }
  }
}

function summary(outcomes: EventOutcome[]): EventOutcome {
  const note = outcomes.map((outcome) => outcome.note).join('; ')
  return { state: outcomes.some((outcome) => outcome.state === 'done') ? 'done' : 'ignored', note }
}

async function settle(store: Store, delivery: DeliveryRow, outcome: EventOutcome, key?: string): Promise<void> {
  await store.transaction(async (tx) => {
    if (key && outcome.state === 'done') await claimKey(tx, key)
    const forget = outcome.state === 'ignored' && !outcome.unfit
    await completeDelivery(tx.db, delivery.deliveryId, outcome, { forget })
  })
}

/** Said once: it is neither tried again nor handed to anything behind. */
async function refuse({ store, log }: DeliveryServices, delivery: DeliveryRow, outcome: EventOutcome): Promise<void> {
  const { deliveryId, event } = delivery
  log.warn({ delivery: deliveryId, event, why: outcome.note }, 'a delivery lacks what is needed, and is ignored')
  await settle(store, delivery, outcome)
}

/** The end of the attempts. Where someone waits for an answer they get one; the reconcile sees to the rest. */
async function fail(
  { store, log }: DeliveryServices,
  delivery: DeliveryRow,
  { error, event }: AttemptFailure,
): Promise<void> {
  const note = error instanceof Error ? error.message : String(error)
  log.error({ err: error, delivery: delivery.deliveryId, event: delivery.event }, 'a delivery could not be acted on')
  await store.transaction(async (tx) => {
    const waits = event && 'issue' in event && event.repository.installationId !== 0
    if (error instanceof PermissionUnavailable && waits) {
      const known = await repositoryByGithubId(tx.db, event.repository.githubId)
      const repo = await ensureRepository(tx, known, event.repository)
      const key = `cannot-ask:${delivery.deliveryId}`
      const body = permissionUnavailable(error.actor.login)
      await commentOnce(tx, repo, { issueNumber: event.issue.number, body, key })
    }
    await completeDelivery(tx.db, delivery.deliveryId, { state: 'failed', note })
  })
}

/**
 * A job of deliveries that can never be done, such as one that ends its process each time. Which of them does that is
 * found by taking each alone; one that does it alone is given up.
 */
export async function giveUpDeliveries(
  { store }: { store: Store },
  { deliveryIds }: { deliveryIds: readonly string[] },
  error: unknown,
): Promise<void> {
  const [only, ...others] = deliveryIds
  await store.transaction(async (tx) => {
    if (others.length > 0) {
      for (const deliveryId of deliveryIds) await tx.enqueue({ queue: 'process-delivery', deliveryIds: [deliveryId] })
      return
    }
    const delivery = only === undefined ? undefined : await getDelivery(tx.db, only)
    if (delivery?.state !== 'stored') return
    const note = error instanceof Error ? error.message : String(error)
    await completeDelivery(tx.db, delivery.deliveryId, { state: 'failed', note })
  })
}

/** The job of the `process-delivery` queue. */
export const processDeliveryJob = defineJob(
  {
    queue: 'process-delivery',
    payload: z.object({ deliveryIds: z.array(z.string()) }),
    batch: 20,
    workers: 2,
    onFinalFailure: giveUpDeliveries,
  },
  processDelivery,
)
