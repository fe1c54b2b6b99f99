/** A critical failure stops every other agent of the repository, until a person has seen it. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { requestStop } from '../db/runs.ts'
import { repositories } from '../db/schema/repositories.ts'
import { type ItemRow, itemsInStates, transition, updateReason } from '../db/work-items.ts'
import { activeStates } from '../domain/lifecycle.ts'
import { haltedBy } from '../messages/runs.ts'

/**
 * Pauses the repository of an item that failed critically, and asks its other agents to stop. Their items go back to where
 * the scheduler takes them up, so that one `/resume all` is enough to go on. Nothing happens where `recovery.haltOnCritical`
 * is off, or where the repository is gone.
 * @param why the sentence that says what happened.
 */
export async function haltRepository(tx: Tx, item: ItemRow, why: string): Promise<void> {
  const repo = await getRepository(tx.db, item.repositoryId)
  if (!repo || repo.state === 'gone' || !settingsOf(repo).recovery.haltOnCritical) return
  const haltedBecause = haltedBy(item.issueNumber, why)
  await tx.db.update(repositories).set({ state: 'paused', haltedBecause }).where(eq(repositories.id, repo.id))
  for (const other of await itemsInStates(tx.db, [...activeStates, 'planning'])) {
    if (other.repositoryId !== repo.id || other.id === item.id) continue
    const stopped = await requestStop(tx, other.id, haltedBecause)
    if (stopped.length === 0) continue
    if (other.state === 'planning') await updateReason(tx, other, { why: haltedBecause })
    else await transition(tx, other, 'ready', { actor: 'tutti', why: haltedBecause })
  }
  await tx.enqueue({ queue: 'schedule' })
}
