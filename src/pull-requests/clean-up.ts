/** Removes the branch and the worktree of a finished item, unless they hold work that exists nowhere else. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { appendAudit } from '../db/audit-log.ts'
import { defineJob } from '../db/define-job.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { liveRun } from '../db/runs.ts'
import { worktrees } from '../db/schema/runs.ts'
import { getItem } from '../db/work-items.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'

/** Handler of the `clean-up` queue. */
export async function cleanUp(context: PullRequestContext, job: { workItemId: number }): Promise<void> {
  const { db } = context.store
  const item = await getItem(db, job.workItemId)
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!item || !repo || !terminalStates.includes(item.state)) return
  // An agent is still being stopped. Its end queues this job again.
  if (await liveRun(db, item.id)) return
  const control = await context.control(repo)
  const branch = validBranch(item.branch)
  const pull = await pullOfItem(db, item.id)
  if (item.state === 'done' && pull?.state === 'merged' && repo.state !== 'gone') {
    const outcome = await control.deleteRemoteBranch(branch, sha(pull.headSha))
    if (outcome === 'moved')
      context.log.warn({ branch: item.branch }, 'the branch has newer commits and was left alone')
  }
  const [tree] = await db.select().from(worktrees).where(eq(worktrees.workItemId, item.id))
  if (!tree || tree.removedAt) return
  // After a squash merge the commits are on no branch of the server. They need not be rescued.
  const merged = item.state === 'done' && pull?.state === 'merged' ? sha(pull.headSha) : undefined
  const { rescued } = await control.removeWorktree({ path: tree.path, branch }, { merged })
  await context.store.transaction(async (tx) => {
    await tx.db
      .update(worktrees)
      .set({ removedAt: new Date(), rescueRef: rescued?.ref ?? null })
      .where(eq(worktrees.workItemId, item.id))
    const detail = rescued ? { rescued: rescued.ref } : {}
    await appendAudit(tx, {
      repositoryId: repo.id,
      workItemId: item.id,
      actor: 'tutti',
      what: 'worktree removed',
      detail,
    })
  })
}

export const cleanUpJob = defineJob(
  { queue: 'clean-up', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  cleanUp,
)
