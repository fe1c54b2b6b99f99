/** Runs that another process should take: it has what they ask for, or what they need. */

import { placesWithAgents } from '../db/places.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { runWithItem } from '../db/runs.ts'
import { currentWorktree } from '../db/worktrees.ts'
import { LeaveToOthers } from '../lib/errors.ts'
import { sha } from '../lib/ids.ts'
import { canTake, wantsOf } from '../lib/runner-labels.ts'
import type { RunContext } from './context.ts'

/** Others look first for this long, in milliseconds. */
const holdMs = 300

/** @throws {LeaveToOthers} when this process has not what the item of a run asks for, or is kept for others. */
export async function leaveUnfit({ store, part }: Pick<RunContext, 'store' | 'part'>, runId: number): Promise<void> {
  const found = await runWithItem(store.db, runId)
  if (!found || canTake(part.labels ?? [], wantsOf(settingsOf(found.repo).runner.labels, found.item.labels))) return
  throw new LeaveToOthers('it asks for another runner', holdMs)
}

/**
 * A process that knew of no other one has handed its commits to no one. Those of its runs that wait for their gates while
 * another process joins are judged where they are.
 * @throws {LeaveToOthers} when the commit of a run is not here, and the process that has it is alive.
 */
export async function leaveToItsDisk(
  { store, env, place, several, control }: Pick<RunContext, 'store' | 'env' | 'place' | 'several' | 'control'>,
  runId: number,
): Promise<void> {
  const found = (await several()) ? await runWithItem(store.db, runId) : undefined
  const head = found?.run.headSha
  if (!found || !head) return
  const tree = await currentWorktree(store.db, found.item.id)
  if (!tree?.place || tree.place === place) return
  if (!(await placesWithAgents(store.db, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)).has(tree.place)) return
  if (await (await control(found.repo)).resolve(sha(head))) return
  throw new LeaveToOthers('its commit is on another disk', holdMs)
}
