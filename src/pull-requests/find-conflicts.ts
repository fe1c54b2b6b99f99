/** A branch has moved: finds the pull requests that conflict with their base, or with each other. */

import { z } from 'zod'
import { openConflict } from '../db/branch-updates.ts'
import { defineJob } from '../db/define-job.ts'
import { openDependencies } from '../db/dependencies.ts'
import { openPullRows, type PullRow } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { type ItemRow, itemsByIds } from '../db/work-items.ts'
import { edgesAmong, inDependencyOrder } from '../domain/merge-order.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import type { PullRequestContext } from './context.ts'
import { updateForecasts } from './forecast.ts'

/**
 * Handler of the `find-conflicts` queue: has those that conflict with their base brought up to date. Branches that merge are left alone: an update of each one at each push would
 * cost a run of CI, and an approval.
 */
export async function findConflicts(context: PullRequestContext, job: { repositoryId: number }): Promise<void> {
  const { store } = context
  const repo = await getRepository(store.db, job.repositoryId)
  if (!repo || repo.state === 'gone') return
  const open = await inReview(context, repo)
  const control = await context.control(repo)
  try {
    await refreshSettings(store, repo, control)
  } catch (error) {
    if (error instanceof BaseBranchDeleted) return
    throw error
  }
  for (const { pull, item } of open) {
    const base = await control.remoteHead(validBranch(item.baseBranch))
    const known = await openConflict(store.db, pull)
    if (!base || known?.baseSha === base || !(await control.resolve(pull.headSha))) continue
    const forecast = await control.forecast(sha(pull.headSha), base)
    if (!forecast.clean) await store.queues.send({ queue: 'update-branch', pullRequestId: pull.id })
  }
  await updateForecasts(context, repo, control)
}

/** Pull requests that wait for people, those first that others depend on. */
async function inReview(
  { store }: PullRequestContext,
  repo: RepositoryRow,
): Promise<{ pull: PullRow; item: ItemRow }[]> {
  const pulls = await openPullRows(store.db, repo.id)
  const ids = pulls.map((pull) => pull.workItemId)
  const items = new Map((await itemsByIds(store.db, ids)).map((item) => [item.id, item]))
  const open = pulls.flatMap((pull) => {
    const item = items.get(pull.workItemId)
    return item && (item.state === 'reviewing' || item.state === 'approved') ? [{ id: item.id, pull, item }] : []
  })
  const edges = await openDependencies(
    store.db,
    open.map(({ id }) => id),
  )
  return inDependencyOrder(
    open,
    edgesAmong(
      open.map(({ item }) => item),
      edges,
      repo.fullName,
    ),
  )
}

export const findConflictsJob = defineJob(
  { queue: 'find-conflicts', payload: z.object({ repositoryId: z.number().int() }), batch: 1 },
  findConflicts,
)
