/** What a runner has, and what an item asks for. */

import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { getRun } from '../db/runs.ts'
import { getItem } from '../db/work-items.ts'
import { canTake, wantsOf } from '../domain/process-role.ts'
import { LeaveToOthers } from '../lib/errors.ts'
import type { RunContext } from './context.ts'

/** Others look first for this long, in milliseconds. */
const holdMs = 300

/** @throws {LeaveToOthers} when this process has not what the item of a run asks for, or is kept for others. */
export async function leaveUnfit({ store, part }: Pick<RunContext, 'store' | 'part'>, runId: number): Promise<void> {
  const run = await getRun(store.db, runId)
  const item = run && (await getItem(store.db, run.workItemId))
  const repo = item && (await getRepository(store.db, item.repositoryId))
  if (!repo || canTake(part.labels ?? [], wantsOf(settingsOf(repo).runner.labels, item.labels))) return
  throw new LeaveToOthers('it asks for another runner', holdMs)
}
