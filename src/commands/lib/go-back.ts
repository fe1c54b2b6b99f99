/** Going back to a checkpoint that an agent has named. */

import { eq } from 'drizzle-orm'
import { type Checkpoint, checkpointsOf } from '../../db/checkpoints.ts'
import { buildsOf } from '../../db/runs.ts'
import { runs } from '../../db/schema/runs.ts'
import type { ItemRow } from '../../db/work-items.ts'
import { UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/lifecycle.ts'
import type { CommandContext } from '../command.ts'

/**
 * Has the next attempt start from a checkpoint: its agent brings the files back to that commit, in a commit of its own.
 * Nothing that was pushed is taken back.
 * @throws {UserError} when there is none of this name, or no commit in it.
 */
export async function goBackTo({ tx, actor }: CommandContext, item: ItemRow, name: string): Promise<Checkpoint> {
  const points = await checkpointsOf(tx.db, item.id)
  const point = points.findLast((one) => one.name.toLowerCase() === name.toLowerCase())
  if (!point) {
    const names = points.map((one) => one.name)
    throw new UserError(...messages.noSuchCheckpoint(name, names))
  }
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  if (!point.headSha || !last) throw new UserError(...messages.checkpointWithoutCommit(point.name))
  const back = messages.goBackToCheckpoint(actor.login, { ...point, headSha: point.headSha })
  const lesson = [back, last.lesson].filter(Boolean).join('\n\n')
  await tx.db.update(runs).set({ lesson }).where(eq(runs.id, last.id))
  return point
}
