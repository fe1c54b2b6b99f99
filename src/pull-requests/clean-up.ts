/** Removes the branch and the worktree of a finished item, unless they hold work that exists nowhere else. */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { liveRun } from '../db/runs.ts'
import { getItem } from '../db/work-items.ts'
import { standingWorktrees } from '../db/worktrees.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { worktreeRemoved } from '../work-items/worktree-removed.ts'
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
  // After a squash merge the commits are on no branch of the server. They need not be rescued.
  const merged = item.state === 'done' && pull?.state === 'merged' ? sha(pull.headSha) : undefined
  for (const tree of await standingWorktrees(db, item.id)) {
    const { rescued } = await control.removeWorktree({ path: tree.path, branch: validBranch(tree.branch) }, { merged })
    await worktreeRemoved(context.store, tree, rescued?.ref)
  }
}

export const cleanUpJob = defineJob(
  { queue: 'clean-up', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  cleanUp,
)
