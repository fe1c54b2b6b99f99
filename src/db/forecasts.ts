/** Which open module branches conflict with each other. */

import { and, eq, notInArray, or, sql } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { forecasts } from './schema/merging.ts'

export type ForecastRow = typeof forecasts.$inferSelect
export type NewForecast = Omit<ForecastRow, 'id' | 'updatedAt'>

/** The matrix of a repository, as last computed. */
export async function forecastsOf(db: Database, repositoryId: number): Promise<ForecastRow[]> {
  return db.select().from(forecasts).where(eq(forecasts.repositoryId, repositoryId)).orderBy(forecasts.id)
}

/** The pairs of one item that conflict. */
export async function conflictsOfItem(db: Database, workItemId: number): Promise<ForecastRow[]> {
  const mine = or(eq(forecasts.oneId, workItemId), eq(forecasts.otherId, workItemId))
  return db
    .select()
    .from(forecasts)
    .where(and(mine, sql`jsonb_array_length(${forecasts.paths}) > 0`))
    .orderBy(forecasts.id)
}

/** Stores what was computed; of each pair the newest counts. */
export async function saveForecasts(tx: Tx, rows: readonly NewForecast[]): Promise<void> {
  for (const row of rows)
    await tx.db
      .insert(forecasts)
      .values(row)
      .onConflictDoUpdate({ target: [forecasts.oneId, forecasts.otherId], set: { ...row, updatedAt: currentTime() } })
}

/** Forgets every pair of which one is not open any more. @returns those that conflicted. */
export async function keepForecasts(tx: Tx, repositoryId: number, open: readonly number[]): Promise<ForecastRow[]> {
  const ids = [...open, 0]
  const gone = await tx.db
    .delete(forecasts)
    .where(
      and(
        eq(forecasts.repositoryId, repositoryId),
        or(notInArray(forecasts.oneId, ids), notInArray(forecasts.otherId, ids)),
      ),
    )
    .returning()
  return gone.filter(({ paths }) => paths.length > 0)
}
