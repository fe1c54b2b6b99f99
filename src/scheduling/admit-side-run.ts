/** Whether an agent may start beside the life of an item: to review it, or to propose work. */

import type { Env } from '../config/env.ts'
import type { Store, Tx } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { liveRuns } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { sizeOfRun } from '../domain/expected-use.ts'
import type { RunPurpose } from '../domain/run-purpose.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { RetryAfter } from '../lib/errors.ts'
import { Admission } from '../scheduler/admission.ts'
import { Backlog } from './backlog-snapshot.ts'
import { itemBudgetReason, readBudgets } from './budget.ts'
import type { History } from './history.ts'
import type { MemoryOfKinds } from './memory-of-kinds.ts'
import { runsAndLimitsOf } from './to-snapshot.ts'

/** What such a start is decided on. */
export interface StartContext {
  store: Store
  env: Env
  freeMemory(): number
  history: History
  memory: MemoryOfKinds
}

/** How long such a start waits before it is tried once more, in milliseconds. */
const patienceMs = 10_000

/** Has the job of such a start tried again a little later. @param why for the log. */
export const startLater = (why: string) => new RetryAfter(why, new Date(currentMs() + patienceMs))

/**
 * Whether the limits of agents, memory, money and tokens allow one more, as they do for a start by the scheduler, whose lock
 * the transaction holds.
 */
export async function isAdmitted(
  { env, freeMemory, history, memory }: StartContext,
  tx: Tx,
  repos: ReadonlyMap<number, RepositoryRow>,
  { repo, item, agent, purpose }: { repo: RepositoryRow; item: ItemRow; agent: string; purpose: RunPurpose },
): Promise<boolean> {
  const now = currentTime()
  const backlog = new Backlog(repos)
  backlog.runs = (await liveRuns(tx.db)).filter(({ item }) => repos.has(item.repositoryId))
  const spending = await readBudgets(tx, backlog, env, now)
  const limits = runsAndLimitsOf(backlog, {
    ...{ env, history, freeMemory: freeMemory(), plan: undefined, now, spending },
    memoryOfKind: await memory.read(tx.db, now),
  })
  const admission = new Admission(limits)
  for (const run of limits.runs) admission.add(run)
  const run = { agentKind: agent, size: sizeOfRun(purpose, item.effort) }
  if (admission.refusal(repo.fullName, run)) return false
  return (await itemBudgetReason(tx, backlog, { item, run }, spending)) === undefined
}
