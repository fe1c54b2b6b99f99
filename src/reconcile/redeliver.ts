/** Asks GitHub to send missed deliveries again. */

import type { Store, Tx } from '../db/connect.ts'
import { knownDeliveries } from '../db/deliveries.ts'
import { claimedAt, claimKey, lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import type { HookDelivery } from '../domain/github.ts'
import { NotFound } from '../github/github.ts'
import { currentTime } from '../lib/clock.ts'
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
/** After it was asked for, a delivery is left alone for this long, in ms, and for twice as long the next time. */
const againAfterMs = 30_000
const subject = 'sweep'

/**
 * Asks GitHub to send again the deliveries that failed since the last sweep (three days at most) and are not in our inbox.
 * The newest ones are asked for while the list is read: a process that never lives to its end, since the list is long and
 * it is ended again and again, still makes up for what has failed lately. Of each page the oldest come first, so that most of
 * them come in their order.
 * @param now for the age of the deliveries; the clock when not given.
 * @throws the first error of GitHub or of the database, after all were tried; the next sweep starts where this one did.
 */
export async function redeliverMissed(services: Services, now: Date = currentTime()): Promise<RedeliveryReport> {
  const { store, github, log } = services
  const last = await lastEventTime(store.db, subject)
  const since = new Date(Math.max(now.getTime() - keptMs, (last?.getTime() ?? 0) - overlapMs))
  const problems: unknown[] = []
  const seen = new Set<string>()
  const report = { listed: 0, missed: 0, redelivered: 0, degraded: false }
  const isThere = await github.deliveries(since, async (page) => {
    report.listed += page.length
    for (const delivery of await missing(store, page, seen)) {
      report.missed++
      try {
        if (await redeliver(services, delivery, now)) report.redelivered++
      } catch (error) {
        if (findRetryAfter(error)) throw error
        problems.push(error)
      }
    }
  })
  if (!isThere) return { ...report, degraded: true }
  if (problems.length > 0) throw problems[0]
  await store.transaction((tx) => recordEventTime(tx, subject, now))
  if (report.missed > 0)
    log.info(
      report,
      `${counted(report.missed, 'delivery', 'deliveries')} had not arrived; GitHub is asked for ${report.redelivered} again`,
    )
  return report
}

/** Whether a sweep that a process has begun since then is done. */
export async function wasSweptSince(store: Store, time: Date): Promise<boolean> {
  const last = await lastEventTime(store.db, subject)
  return last !== undefined && last.getTime() > time.getTime()
}

/**
 * The last attempt of each delivery of a page that failed and is not in the inbox, oldest first.
 * @param page newest first. @param seen the deliveries of the pages before, whose last attempt is known; it is added to.
 */
async function missing(store: Store, page: readonly HookDelivery[], seen: Set<string>): Promise<HookDelivery[]> {
  const failed: HookDelivery[] = []
  for (const delivery of page) {
    if (seen.has(delivery.deliveryId)) continue
    seen.add(delivery.deliveryId)
    if (delivery.statusCode < 200 || delivery.statusCode > 299) failed.push(delivery)
  }
  if (failed.length === 0) return []
  const known = await knownDeliveries(
    store.db,
    failed.map((delivery) => delivery.deliveryId),
  )
  return failed.filter((delivery) => !known.has(delivery.deliveryId)).toReversed()
}

/** @returns false when it is not tried (again, or not yet), or GitHub has it no longer. */
async function redeliver({ store, github, log }: Services, delivery: HookDelivery, now: Date): Promise<boolean> {
  if (!(await store.transaction((tx) => mayAsk(tx, delivery.deliveryId, now)))) return false
  try {
    await github.redeliver(delivery.id)
    return true
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    log.warn({ delivery: delivery.deliveryId }, 'GitHub does not have this delivery any more')
    return false
  }
}

/** Another process may have asked a moment ago: that the delivery has failed again is not known yet. */
async function mayAsk(tx: Tx, deliveryId: string, now: Date): Promise<boolean> {
  for (let time = 1; time <= maxRedeliveries; time++) {
    const key = `redelivered:${deliveryId}:${time}`
    if (await claimKey(tx, key, now)) return true
    const asked = await claimedAt(tx.db, key)
    if (asked && now.getTime() - asked.getTime() < againAfterMs * 2 ** (time - 1)) return false
  }
  return false
}
