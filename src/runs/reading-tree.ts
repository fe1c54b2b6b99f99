/** The worktree of an agent that only reads: one commit, for this run alone, removed afterwards. */

import { join } from 'node:path'
import { isBuild, runsOf } from '../db/runs.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { makeReadOnly } from '../git/read-only.ts'
import type { Sha } from '../lib/ids.ts'
import type { Attempt } from './context.ts'

/** A tree that was made for one run. */
export interface ReadingTree {
  path: string
  remove(): Promise<void>
}

/** Makes the tree of this run. Trees that earlier runs of the item left behind are removed. */
export async function openReadingTree(
  { context, run, item }: Attempt,
  control: BareClone,
  commit: Sha,
): Promise<ReadingTree> {
  const place = (runId: number) => ({
    path: join(context.env.dataDirectory, 'plans', `run-${runId}`),
    branch: validBranch(`tutti-plan/${runId}`),
  })
  const remove = async (runId: number) => {
    await control.removeWorktree(place(runId), { discard: true })
  }
  const earlier = (await runsOf(context.store.db, item.id)).filter((past) => !isBuild(past) && past.stage === 'ended')
  for (const { id } of earlier) await remove(id)
  const { path } = await control.addWorktree({ ...place(run.id), base: commit })
  await makeReadOnly(path)
  return { path, remove: () => remove(run.id) }
}
