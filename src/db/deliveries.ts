/**
 * The inbox: webhook deliveries as they came, and what became of them. A delivery and the job that looks at it are
 * one transaction, so that an accepted delivery is never lost and never without a job.
 */

import { desc, eq, inArray, sql } from 'drizzle-orm'
import { type Db, type DrizzleTransactionLike, fromDrizzle } from 'pg-boss'
import type { Database, Store, Tx } from './connect.ts'
import type { Pipeline, Send } from './postgres.ts'
import { deliveries } from './schema/core.ts'
import { textArray } from './text-array.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

/** A delivery as it arrived. */
export interface NewDelivery {
  /** GitHub's `X-GitHub-Delivery`; stays the same when GitHub delivers again. */
  deliveryId: string
  event: string
  /** The body, unchanged: JSON text without NUL bytes; as bytes, in UTF-8. */
  payload: string | Buffer
}

/**
 * Stores deliveries and queues one `deliver-event` job for those that were not known yet, in one transaction. One job
 * for all of them: to queue a job costs the database more than to store a delivery.
 * @param rows at most a few hundred, each `deliveryId` once.
 * @returns the ids that were new.
 */
export async function storeDeliveries(store: Store, rows: readonly NewDelivery[]): Promise<Set<string>> {
  return new Set(store.pipeline ? await insertArrays(store, store.pipeline, rows) : await insertValues(store, rows))
}

/** PGlite wants text, a parameter for each value. */
async function insertValues(store: Store, rows: readonly NewDelivery[]): Promise<string[]> {
  return store.transaction(async (tx) => {
    const values = rows.map((row) => sql`(${row.deliveryId}, ${row.event}, ${row.payload.toString()})`)
    const inserted = await tx.db.execute(
      sql`insert into ${deliveries} (delivery_id, event, payload) values ${sql.join(values, sql`, `)}
          on conflict do nothing returning delivery_id`,
    )
    const fresh = idsOf(inserted as unknown as Inserted)
    const db = fromDrizzle(tx.db as unknown as DrizzleTransactionLike, sql)
    if (fresh.length > 0) await store.queues.sendMany('process-delivery', [jobFor(fresh)], db)
    return fresh
  })
}

/**
 * Postgres takes arrays of the bytes as they came: one statement for any number of rows. Statements are named, so that
 * each connection plans them once: planning pg-boss's for every batch takes as long as carrying it out (measured: 0.5
 * of 1.05 ms of processor time). Two round trips instead of four: each waits for a turn of a busy event loop.
 */
async function insertArrays(store: Store, pipeline: Pipeline, rows: readonly NewDelivery[]): Promise<string[]> {
  const text = `insert into deliveries (delivery_id, event, payload)
    select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing returning delivery_id`
  const columns = [rows.map((row) => row.deliveryId), rows.map((row) => row.event), rows.map((row) => row.payload)]
  return pipeline(async (send) => {
    const insert = { name: 'store-deliveries', text, values: columns.map(textArray) }
    const [, inserted] = await Promise.all([send('begin'), send(insert)])
    const fresh = idsOf(inserted)
    let commit: ReturnType<Send> | undefined
    const executeSql: Db['executeSql'] = (text, values) => {
      const queued = send({ name: 'queue-deliveries', text, values })
      commit = send('commit')
      // Whoever waits for the job hears of a failure first.
      commit.catch(() => {})
      return queued
    }
    if (fresh.length > 0) await store.queues.sendMany('process-delivery', [jobFor(fresh)], { executeSql })
    const { command } = await (commit ?? send('commit'))
    if (command !== 'COMMIT') throw new Error(`the deliveries were not committed but: ${command}`)
    return fresh
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
 * Has Postgres compress payloads with lz4, or not at all where it was built without. Its usual way takes more processor
 * time than all the rest of storing a delivery (measured: 100 of 260 µs). A hint, given once to a database; where there
 * is no such setting (CockroachDB) nothing is lost.
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

/** Says what became of a delivery. `note` is one line for operators. */
export async function completeDelivery(
  db: Database | Tx['db'],
  deliveryId: string,
  state: DeliveryRow['state'],
  note: string | null,
): Promise<void> {
  await db
    .update(deliveries)
    .set({ state, note: note?.slice(0, 2_000) ?? null })
    .where(eq(deliveries.deliveryId, deliveryId))
}

/** Which of these delivery ids are in the inbox. */
export async function knownDeliveries(db: Database, deliveryIds: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>()
  // In portions: a statement has 65,535 parameters at most, and the list of three days can be longer.
  for (let start = 0; start < deliveryIds.length; start += 5_000) {
    const rows = await db
      .select({ id: deliveries.deliveryId })
      .from(deliveries)
      .where(inArray(deliveries.deliveryId, deliveryIds.slice(start, start + 5_000)))
    for (const row of rows) known.add(row.id)
  }
  return known
}

/** When the newest delivery came, or undefined when none ever did. */
export async function newestDelivery(db: Database): Promise<Date | undefined> {
  const [row] = await db
    .select({ at: deliveries.receivedAt })
    .from(deliveries)
    .orderBy(desc(deliveries.receivedAt))
    .limit(1)
  return row?.at
}
