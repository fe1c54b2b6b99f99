/** Removes the branch and the worktrees of a finished item, unless they hold work that exists nowhere else. */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { itemsToCleanUp } from '../db/disk-rows.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { liveRun } from '../db/runs.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { standingWorktrees } from '../db/worktrees.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { worktreeRemoved } from '../work-items/worktree-removed.ts'
import type { PullRequestContext } from './context.ts'

/** Handler of the `clean-up` queue. Worktrees at other places are removed there, see `removeFinishedTrees`. */
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
  await removeTrees(context, item, control)
}

type TreeContext = Pick<PullRequestContext, 'store' | 'place' | 'control'>

async function removeTrees({ store, place }: TreeContext, item: ItemRow, control: BareClone): Promise<void> {
  const pull = await pullOfItem(store.db, item.id)
  // After a squash merge the commits are on no branch of the server. They need not be rescued.
  const merged = item.state === 'done' && pull?.state === 'merged' ? sha(pull.headSha) : undefined
  for (const tree of await standingWorktrees(store.db, place, item.id)) {
    const { rescued } = await control.removeWorktree({ path: tree.path, branch: validBranch(tree.branch) }, { merged })
    await worktreeRemoved(store, tree, rescued?.ref)
  }
}

/** Removes the worktrees of finished items at this place, where the jobs that finish them run on another disk. */
export async function removeFinishedTrees(context: TreeContext): Promise<void> {
  const { db } = context.store
  for (const id of await itemsToCleanUp(db, context.place)) {
    const item = await getItem(db, id)
    const repo = item && (await getRepository(db, item.repositoryId))
    if (item && repo) await removeTrees(context, item, await context.control(repo))
  }
}

export const cleanUpJob = defineJob(
  { queue: 'clean-up', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  cleanUp,
)
