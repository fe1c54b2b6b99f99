/** The logs of runs for processes that cannot read the file; `prune.ts` deletes them after KEEP_LOGS_DAYS. */

import { and, asc, eq, lt } from 'drizzle-orm'
import type { Store } from './connect.ts'
import { runLogPieces } from './schema/runs.ts'

/** Of one run so many bytes are kept, from the end. */
export const keptLogBytes = 256 * 2 ** 10

/** Adds a piece behind those that are there, and drops the oldest ones. @param at the bytes of all pieces before. */
export async function addLogPiece(
  store: Pick<Store, 'transaction'>,
  runId: number,
  at: number,
  content: string,
): Promise<void> {
  await store.transaction(async ({ db }) => {
    await db.insert(runLogPieces).values({ runId, at, content }).onConflictDoNothing()
    const from = at + Buffer.byteLength(content) - keptLogBytes
    // A piece is small; one that begins before the limit and ends behind it may go as well.
    if (from > 0) await db.delete(runLogPieces).where(and(eq(runLogPieces.runId, runId), lt(runLogPieces.at, from)))
  })
}

/** What is kept of the log of a run, and how many bytes there were before; undefined where there is nothing. */
export async function logPieces(
  { db }: Pick<Store, 'db'>,
  runId: number,
): Promise<{ at: number; bytes: Buffer } | undefined> {
  const rows = await db.select().from(runLogPieces).where(eq(runLogPieces.runId, runId)).orderBy(asc(runLogPieces.at))
  const [first] = rows
  return first && { at: first.at, bytes: Buffer.concat(rows.map(({ content }) => Buffer.from(content))) }
}
