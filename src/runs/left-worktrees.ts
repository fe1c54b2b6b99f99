/**
 * Worktrees whose agent has lost its lease. Its process may be frozen and go on at any moment, so the next attempt gets
 * a tree of its own. What stood in the old one is kept on a rescue ref as soon as nothing writes there.
 */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { livingProcesses } from '../db/processes.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { getRun, type RunRow } from '../db/runs.ts'
import { getItem } from '../db/work-items.ts'
import { leftWorktrees, markWorktreeLeft, type WorktreeRow } from '../db/worktrees.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { processesInside } from '../git/locks.ts'
import { validBranch } from '../git/names.ts'
import { WorktreeInUse } from '../git/remove-worktree.ts'
import { killTrees } from '../sandbox/kill-tree.ts'
import { runMarker } from '../sandbox/run-markers.ts'
import { worktreeRemoved } from '../work-items/worktree-removed.ts'

interface LeftContext {
  store: Store
  env: Pick<Env, 'STOP_GRACE_SECONDS' | 'HEARTBEAT_TIMEOUT_SECONDS'>
  log: Logger
  /** The id of this process. */
  instance: string
  /** Whose disk is at hand; see `db/places.ts`. */
  place: string
  control(repo: RepositoryRow): Promise<BareClone>
}

/**
 * Ends what runs without a lease have started and left behind on this machine, also where their process is frozen.
 * @param runs that have ended.
 * @returns whether nothing of them is left.
 */
export async function endAgentsOf(
  env: Pick<Env, 'STOP_GRACE_SECONDS'>,
  runs: readonly Pick<RunRow, 'id' | 'processId'>[],
): Promise<boolean> {
  const targets = runs.flatMap(({ id, processId }) =>
    processId === null ? [] : [{ marker: runMarker({ lifeId: processId, runId: String(id) }) }],
  )
  if (targets.length === 0) return true
  return (await killTrees(targets, { graceMs: env.STOP_GRACE_SECONDS * 500 })).survivors.length === 0
}

/**
 * Whether an earlier attempt may still write to a worktree: its process is alive, which may be frozen, or something of it
 * could not be ended. The caller has ended its agents.
 */
export async function mayBeInUse(
  { store, env, instance }: Omit<LeftContext, 'control' | 'place'>,
  row: WorktreeRow,
  forRun: number,
): Promise<boolean> {
  if (row.runId === null || row.runId === forRun) return false
  const owner = (await getRun(store.db, row.runId))?.processId
  // An earlier attempt in this process has ended before this one began; see `ClaimedWork`.
  const others = await livingProcesses(store.db, instance, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)
  return (owner != null && others.includes(owner)) || (await processesInside(row.path)).length > 0
}

/** Leaves a worktree, and keeps its work at once where nothing writes there. */
export async function leave(context: LeftContext, control: BareClone, row: WorktreeRow): Promise<void> {
  await control.leaveWorktree({ path: row.path, branch: validBranch(row.branch) })
  await markWorktreeLeft(context.store.db, row.id)
  context.log.warn({ path: row.path, run: row.runId }, 'a worktree was left: its agent had lost its lease')
  await removeLeft(context, control, row)
}

/**
 * Removes the worktrees of this place that were left, where nothing writes any more.
 * @param workItemId only those of this item, when given.
 */
export async function removeLeftWorktrees(context: LeftContext, workItemId?: number): Promise<void> {
  const { store, log } = context
  for (const row of await leftWorktrees(store.db, context.place, workItemId)) {
    const item = await getItem(store.db, row.workItemId)
    const repo = item && (await getRepository(store.db, item.repositoryId))
    if (!repo) continue
    await context
      .control(repo)
      .then((control) => removeLeft(context, control, row))
      .catch((err) => log.warn({ err, path: row.path }, 'a worktree that was left is still there; it is tried again'))
  }
}

async function removeLeft(context: LeftContext, control: BareClone, row: WorktreeRow): Promise<void> {
  const run = row.runId === null ? undefined : await getRun(context.store.db, row.runId)
  if (run && !(await endAgentsOf(context.env, [run]))) return
  try {
    const { rescued } = await control.removeWorktree({ path: row.path, branch: validBranch(row.branch) })
    await worktreeRemoved(context.store, row, rescued?.ref)
  } catch (error) {
    // Something works inside that has none of our marks: it is tried again later.
    if (!(error instanceof WorktreeInUse)) throw error
  }
}
