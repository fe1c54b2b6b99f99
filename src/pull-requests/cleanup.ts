/** After the journey: the branch and the worktree go, unless they hold work that is nowhere else. */

import { eq } from 'drizzle-orm'
import { record } from '../db/audit-log.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { liveRun } from '../db/runs.ts'
import { worktrees } from '../db/schema/core.ts'
import { getItem, getSystem } from '../db/work-items.ts'
import { finished } from '../domain/lifecycle.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import type { DeliveryParts } from './context.ts'

/** Handler of the `tidy` queue. */
export async function tidy(parts: DeliveryParts, job: { workItemId: number }): Promise<void> {
  const { db } = parts.store
  const item = await getItem(db, job.workItemId)
  const system = item && (await getSystem(db, item.systemId))
  if (!item || !system || !finished.includes(item.state)) return
  // An agent that is still being stopped: its end queues this again.
  if (await liveRun(db, item.id)) return
  const control = await parts.control(system)
  const branch = validBranch(item.branch)
  const pull = await pullOfItem(db, item.id)
  if (item.state === 'done' && pull?.state === 'merged' && system.state !== 'gone') {
    const outcome = await control.deleteRemoteBranch(branch, sha(pull.headSha))
    if (outcome === 'moved') parts.log.warn({ branch: item.branch }, 'the branch has newer commits and was left alone')
  }
  const [tree] = await db.select().from(worktrees).where(eq(worktrees.workItemId, item.id))
  if (!tree || tree.removedAt) return
  // Squashed, the commits themselves are on no branch of the server, and need not be.
  const merged = item.state === 'done' && pull?.state === 'merged' ? sha(pull.headSha) : undefined
  const { rescued } = await control.removeWorktree({ path: tree.path, branch }, { merged })
  await parts.store.transaction(async (tx) => {
    await tx.db
      .update(worktrees)
      .set({ removedAt: new Date(), rescueRef: rescued?.ref ?? null })
      .where(eq(worktrees.workItemId, item.id))
    const detail = rescued ? { rescued: rescued.ref } : {}
    await record(tx, { systemId: system.id, workItemId: item.id, actor: 'tutti', what: 'worktree removed', detail })
  })
}
