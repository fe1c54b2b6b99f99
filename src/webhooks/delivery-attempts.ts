/**
 * What became of a delivery while Probot has it. `probot.receive` returns nothing, and it wraps errors and hangs the
 * payload on them, which would put the text of private repositories into the log. So outcomes and errors are kept here,
 * by the id of the delivery, until the job asks for them.
 */

import { z } from 'zod'
import { StaleItem } from '../db/work-items.ts'
import { type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { DomainEvent } from '../domain/events.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { retry } from '../lib/retry.ts'
import type { EventRunner } from './webhook-handler.ts'

/**
 * GitHub delivers again what is at most three days old; an hour more for clocks that differ. Anything older is a replay
 * of something signed long ago.
 */
const maxAgeMs = (3 * 24 + 1) * 3_600_000

/** How often an item is read again that another job has moved meanwhile. */
const staleAttempts = 5

/** A delivery that is about to be handed to Probot. */
export interface AttemptedDelivery {
  deliveryId: string
  receivedAt: Date
  /** Whether the same event was acted on before, under whatever id. Asked before each use case. */
  seenBefore(): Promise<boolean>
}

/** What failed, and with which event. */
export interface AttemptFailure {
  error: unknown
  event: DomainEvent | undefined
}

/** What the handlers left behind. Both are empty when no handler found a meaning in the payload. */
export interface AttemptResult {
  outcomes: EventOutcome[]
  failures: AttemptFailure[]
}

/** Why a payload that does not fit is ignored. */
export function unfitPayload(error: unknown): EventOutcome {
  const [issue] = error instanceof z.ZodError ? error.issues : []
  const why = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error)
  return { ...ignored(`the payload lacks what is needed: ${why}`), unfit: true }
}

/** The deliveries that Probot has now. */
export class DeliveryAttempts implements EventRunner {
  readonly #open = new Map<string, AttemptedDelivery & AttemptResult>()

  /**
   * Collects what handlers do about a delivery while `receive` runs. One id is open once at a time.
   * @throws what `receive` throws: then Probot failed, not a handler.
   */
  async during(delivery: AttemptedDelivery, receive: () => Promise<void>): Promise<AttemptResult> {
    if (this.#open.has(delivery.deliveryId)) throw new Error(`the delivery ${delivery.deliveryId} is being acted on`)
    const attempt = { ...delivery, outcomes: [], failures: [] }
    this.#open.set(delivery.deliveryId, attempt)
    try {
      await receive()
    } finally {
      this.#open.delete(delivery.deliveryId)
    }
    return attempt
  }

  /** Acts for a handler. Without an open delivery of that id (a plain `probot.receive`) errors go to Probot. */
  async run<Event extends DomainEvent>(
    deliveryId: string,
    read: () => Event | undefined,
    act: (event: Event) => Promise<EventOutcome>,
  ): Promise<void> {
    const attempt = this.#open.get(deliveryId)
    let event: Event | undefined
    try {
      const given = read()
      if (!given) return
      event = given
      const outcome = (attempt && (await outdated(attempt, given))) ?? (await withFreshItem(() => act(given)))
      attempt?.outcomes.push(outcome)
    } catch (error) {
      if (!attempt) throw error
      // Reading asks nothing but the payload: it would fail again.
      if (!event) attempt.outcomes.push(unfitPayload(error))
      else attempt.failures.push({ error, event })
    }
  }
}

async function outdated(delivery: AttemptedDelivery, event: DomainEvent): Promise<EventOutcome | undefined> {
  if (await delivery.seenBefore()) return ignored('the same event came under another delivery id')
  const at = 'at' in event ? event.at : null
  if (!at || delivery.receivedAt.getTime() - at.getTime() <= maxAgeMs) return undefined
  return ignored(`it happened at ${at.toISOString()}: too long before it was delivered`)
}

/** An item that another job moved meanwhile is read again. */
function withFreshItem(work: () => Promise<EventOutcome>): Promise<EventOutcome> {
  return retry(work, (error, attempts) => (error instanceof StaleItem && attempts < staleAttempts ? 0 : undefined))
}

/** The failure that the job reports: a pause that GitHub asks for goes first. */
export function firstFailure(failures: readonly AttemptFailure[]): AttemptFailure | undefined {
  return failures.find(({ error }) => findRetryAfter(error)) ?? failures[0]
}

/** The error behind the `AggregateError` that `@octokit/webhooks` makes, without the payload that it hangs on it. */
export function unwrapProbotError(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error
  const inner: unknown = error.errors.find((one) => findRetryAfter(one)) ?? error.errors[0] ?? error
  if (inner instanceof Error && 'event' in inner) delete inner.event
  return inner
}
