/** Asks GitHub to send missed deliveries again. */

import type { Store } from '../db/connect.ts'
import { knownDeliveries } from '../db/deliveries.ts'
import { claimKey, lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import type { HookDelivery } from '../domain/github.ts'
import { NotFound } from '../github/github.ts'
import { counted } from '../lib/counted.ts'
import { findRetryAfter } from '../lib/errors.ts'
import type { Services } from '../work-items/services.ts'

/** The result of a sweep. */
export interface RedeliveryReport {
  /** Attempts that GitHub lists since the last sweep. */
  listed: number
  /** Deliveries that are not in our inbox. */
  missed: number
  /** Of those, how many GitHub was asked to deliver again. */
  redelivered: number
  /** The server has no list of deliveries: only the reconcile finds missed events. */
  degraded: boolean
}

/** GitHub keeps deliveries for this long (docs.github.com, "Redelivering webhooks"). */
const keptMs = 3 * 24 * 3_600_000
/** The end of the last sweep is read once more: a delivery may have been under way then. */
const overlapMs = 10 * 60_000
/** A delivery that fails every time (its body is refused, for example) is left to the reconcile after so many times. */
const maxRedeliveries = 3
const subject = 'sweep'

/**
 * Asks GitHub to send again the deliveries that failed since the last sweep (three days at most) and are not in our inbox.
 * Oldest first, so that most of them come in their order.
 * @param now for the age of the deliveries; the clock when not given.
 * @throws the first error of GitHub or of the database, after all were tried; the next sweep starts where this one did.
 */
export async function redeliverMissed(services: Services, now: Date = new Date()): Promise<RedeliveryReport> {
  const { store, github, log } = services
  const last = await lastEventTime(store.db, subject)
  const since = new Date(Math.max(now.getTime() - keptMs, (last?.getTime() ?? 0) - overlapMs))
  const listed = await github.deliveries(since)
  if (!listed) return { listed: 0, missed: 0, redelivered: 0, degraded: true }
  const missed = await missing(store, listed)
  const problems: unknown[] = []
  let redelivered = 0
  for (const delivery of missed) {
    try {
      if (await redeliver(services, delivery)) redelivered++
    } catch (error) {
      if (findRetryAfter(error)) throw error
      problems.push(error)
    }
  }
  if (problems.length > 0) throw problems[0]
  await store.transaction((tx) => recordEventTime(tx, subject, now))
  const report = { listed: listed.length, missed: missed.length, redelivered, degraded: false }
  if (missed.length > 0)
    log.info(
      report,
      `${counted(missed.length, 'delivery', 'deliveries')} had not arrived; GitHub is asked for ${redelivered} again`,
    )
  return report
}

/** The last attempt of each delivery that failed and is not in the inbox, oldest first. */
async function missing(store: Store, listed: readonly HookDelivery[]): Promise<HookDelivery[]> {
  const last = new Map<string, HookDelivery>()
  for (const delivery of listed) {
    const known = last.get(delivery.deliveryId)
    if (!known || known.deliveredAt < delivery.deliveredAt) last.set(delivery.deliveryId, delivery)
  }
  const failed = [...last.values()].filter(({ statusCode }) => statusCode < 200 || statusCode > 299)
  const known = await knownDeliveries(
    store.db,
    failed.map((delivery) => delivery.deliveryId),
  )
  return failed
    .filter((delivery) => !known.has(delivery.deliveryId))
    .sort((one, other) => one.deliveredAt.getTime() - other.deliveredAt.getTime())
}

/** @returns false when it is not tried (again), or GitHub has it no longer. */
async function redeliver({ store, github, log }: Services, delivery: HookDelivery): Promise<boolean> {
  const allowed = await store.transaction(async (tx) => {
    for (let time = 1; time <= maxRedeliveries; time++) {
      if (await claimKey(tx, `redelivered:${delivery.deliveryId}:${time}`)) return true
    }
    return false
  })
  if (!allowed) return false
  try {
    await github.redeliver(delivery.id)
    return true
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    log.warn({ delivery: delivery.deliveryId }, 'GitHub does not have this delivery any more')
    return false
  }
}
