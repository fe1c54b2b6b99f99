/** Checkpoints: states that agents have named, to go back to. */

import { asc, eq } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { checkpoints } from './schema/crew.ts'

export type Checkpoint = typeof checkpoints.$inferSelect

/** Stores a checkpoint. The same name again replaces it. */
export async function saveCheckpoint(
  tx: Tx,
  checkpoint: Pick<Checkpoint, 'workItemId' | 'runId' | 'name' | 'text' | 'headSha'>,
): Promise<void> {
  const { workItemId, name, ...facts } = checkpoint
  await tx.db
    .insert(checkpoints)
    .values(checkpoint)
    .onConflictDoUpdate({
      target: [checkpoints.workItemId, checkpoints.name],
      set: { ...facts, createdAt: currentTime() },
    })
}

/** The checkpoints of an item, oldest first. */
export async function checkpointsOf(db: Database, workItemId: number): Promise<Checkpoint[]> {
  return db.select().from(checkpoints).where(eq(checkpoints.workItemId, workItemId)).orderBy(asc(checkpoints.createdAt))
}
