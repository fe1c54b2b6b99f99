/** The restart log: which agents were started again, why, and after how long. `pruneBatch` deletes old rows. */

import { and, desc, eq, gte } from 'drizzle-orm'
import { firstCharacters } from '../lib/sanitise-text.ts'
import type { Database, Tx } from './connect.ts'
import type { RunRow } from './runs.ts'
import { restarts } from './schema/runs.ts'
import { workItems } from './schema/work-items.ts'

/** The failures after which the same work starts again because its agent broke, and not because the work was wrong. */
const agentFailures = ['transient', 'infrastructure', 'rate-limit', 'blocker']

/** Notes that the attempt after this one is a restart of its agent. A second time changes nothing. */
export async function noteRestart(
  tx: Tx,
  run: Pick<RunRow, 'id' | 'workItemId' | 'agent' | 'attempt' | 'outcome' | 'summary'>,
  failure: string,
  { afterMs }: { afterMs: number },
): Promise<void> {
  if (!agentFailures.includes(failure)) return
  const reason = firstCharacters(`${run.outcome}: ${run.summary}`, 500)
  const { workItemId, agent, attempt } = run
  await tx.db
    .insert(restarts)
    .values({ runId: run.id, workItemId, agent, reason, attempt, afterMs })
    .onConflictDoNothing()
}

/** Whether a run was ended so that another one begins in its place. */
export async function wasRestarted(db: Database, runId: number): Promise<boolean> {
  return (await db.$count(restarts, eq(restarts.runId, runId))) > 0
}

/** One entry of the log, with the issue it is about. */
export interface RestartEntry {
  issueNumber: number
  agent: string
  reason: string
  attempt: number
  afterMs: number
  createdAt: Date
}

/** The newest restarts of a repository since a time, newest first. */
export async function restartsOf(
  db: Database,
  repositoryId: number,
  since: Date,
  { limit, agent }: { limit: number; agent?: string },
): Promise<RestartEntry[]> {
  return db
    .select({
      issueNumber: workItems.issueNumber,
      agent: restarts.agent,
      reason: restarts.reason,
      attempt: restarts.attempt,
      afterMs: restarts.afterMs,
      createdAt: restarts.createdAt,
    })
    .from(restarts)
    .innerJoin(workItems, eq(restarts.workItemId, workItems.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        gte(restarts.createdAt, since),
        agent === undefined ? undefined : eq(restarts.agent, agent),
      ),
    )
    .orderBy(desc(restarts.id))
    .limit(limit)
}
