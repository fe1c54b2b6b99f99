/**
 * The inbox: webhook deliveries as received, and their outcomes. One transaction stores a delivery and queues its job,
 * so that an accepted delivery is never lost and never without a job.
 */

import { desc, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from 'pg-boss'
import { firstCharacters } from '../lib/sanitise-text.ts'
import type { Database, Store, Tx } from './connect.ts'
import type { Send } from './postgres.ts'
import { deliveries } from './schema/deliveries.ts'
import { textArray } from './text-array.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

/** A delivery as received. */
export interface NewDelivery {
  /** GitHub's `X-GitHub-Delivery`; it stays the same on redelivery. */
  deliveryId: string
  event: string
  /** The unchanged body: JSON text without NUL bytes, or its bytes in UTF-8. */
  payload: string | Buffer
}

/**
 * Stores deliveries and queues one `process-delivery` job for the new ones, in one transaction. One job for all of
 * them: queueing a job costs the database more than storing a delivery.
 *
 * Arrays of the received bytes make one statement for any number of rows, which the connection keeps. Two round trips
 * instead of four: each one waits for a turn of a busy event loop.
 * @param rows at most a few hundred, each `deliveryId` once.
 * @returns the ids that were new.
 */
export async function storeDeliveries(
  { pipeline, queues }: Pick<Store, 'pipeline' | 'queues'>,
  rows: readonly NewDelivery[],
): Promise<Set<string>> {
  const text = `insert into deliveries (delivery_id, event, payload)
    select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing returning delivery_id`
  const columns = [rows.map((row) => row.deliveryId), rows.map((row) => row.event), rows.map((row) => row.payload)]
  return pipeline(async (send) => {
    const insert = { text, values: columns.map(textArray) }
    const [, inserted] = await Promise.all([send('begin'), send(insert)])
    const fresh = idsOf(inserted)
    let commit: ReturnType<Send> | undefined
    const executeSql: Db['executeSql'] = (text, values) => {
      const queued = send({ text, values })
      commit = send('commit')
      // The caller that awaits the job gets the error first.
      commit.catch(() => {})
      return queued
    }
    if (fresh.length > 0) await queues.sendMany('process-delivery', [jobFor(fresh)], { executeSql })
    const { command } = await (commit ?? send('commit'))
    if (command !== 'COMMIT') throw new Error(`the deliveries were not committed but: ${command}`)
    return new Set(fresh)
  })
}

function jobFor(deliveryIds: string[]) {
  return { queue: 'process-delivery' as const, deliveryIds }
}

interface Inserted {
  rows: { delivery_id: string }[]
}

function idsOf({ rows }: Inserted): string[] {
  return rows.map((row) => row.delivery_id)
}

/**
 * Makes Postgres compress payloads with lz4, or not at all where it was built without lz4. Its default compression
 * takes more processor time than all other steps of storing a delivery (measured: 100 of 260 µs). The setting is
 * changed once for each database. A database without it (CockroachDB) works as well.
 */
export async function tunePayloadCompression(db: Database): Promise<void> {
  const result = await db.execute(
    sql`select attstorage as storage, attcompression as compression from pg_attribute
        where attrelid = 'deliveries'::regclass and attname = 'payload'`,
  )
  const [row] = (result as unknown as { rows: { storage: string; compression: string }[] }).rows
  if (row?.storage !== 'x' || row.compression === 'l') return
  await db
    .execute(sql`alter table ${deliveries} alter column payload set compression lz4`)
    .catch(() => db.execute(sql`alter table ${deliveries} alter column payload set storage external`))
}

/** One delivery by GitHub's id. */
export async function getDelivery(db: Database, deliveryId: string): Promise<DeliveryRow | undefined> {
  const [row] = await db.select().from(deliveries).where(eq(deliveries.deliveryId, deliveryId))
  return row
}

/**
 * Stores the outcome of a delivery. `note` is one line for operators.
 * @param options.forget drops its payload: most deliveries mean nothing here, and only their id is needed, so that they
 * are known when they come again.
 */
export async function completeDelivery(
  db: Database | Tx['db'],
  deliveryId: string,
  outcome: { state: DeliveryRow['state']; note: string | null },
  options: { forget?: boolean } = {},
): Promise<void> {
  const note = outcome.note === null ? null : firstCharacters(outcome.note, 2_000)
  await db
    .update(deliveries)
    .set({ state: outcome.state, note, ...(options.forget ? { payload: '' } : {}) })
    .where(eq(deliveries.deliveryId, deliveryId))
}

/** Which of these delivery ids are in the inbox. */
export async function knownDeliveries(db: Database, deliveryIds: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>()
  // In chunks: a statement has at most 65,535 parameters, and the list of three days can be longer.
  for (let start = 0; start < deliveryIds.length; start += 5_000) {
    const rows = await db
      .select({ id: deliveries.deliveryId })
      .from(deliveries)
      .where(inArray(deliveries.deliveryId, deliveryIds.slice(start, start + 5_000)))
    for (const row of rows) known.add(row.id)
  }
  return known
}

/** When the newest delivery was received, or undefined when there is none. */
export async function newestDelivery(db: Database): Promise<Date | undefined> {
  const [row] = await db
    .select({ at: deliveries.receivedAt })
    .from(deliveries)
    .orderBy(desc(deliveries.receivedAt))
    .limit(1)
  return row?.at
}
