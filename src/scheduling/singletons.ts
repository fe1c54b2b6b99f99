/** Ends agents that are more than one where the rules allow one. Leases and the scheduler prevent them; a changed setting does not. */

import { eq } from 'drizzle-orm'
import type { Settings } from '../config/settings.ts'
import { agentsAtWork } from '../db/agents.ts'
import type { Tx } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { noteRestart } from '../db/restarts.ts'
import type { RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { lockItem, transition, updateReason } from '../db/work-items.ts'
import { singletonKinds, singletonViolations } from '../domain/singletons.ts'
import { oneTooMany, waitsForSingleton } from '../messages/commands/agents.ts'
import type { ViolationView } from '../views/agents.ts'

/**
 * Finds the violations of a repository and has the surplus agents stopped. An issue whose agent is stopped as the second of
 * its kind waits for its turn: what was changed is kept, and it costs no attempt.
 */
export async function resolveViolations(
  tx: Tx,
  repo: Pick<RepositoryRow, 'id'>,
  { agents }: Pick<Settings, 'agents'>,
): Promise<ViolationView[]> {
  const found = singletonViolations(await agentsAtWork(tx.db, repo.id), singletonKinds(agents))
  const resolved: ViolationView[] = []
  for (const { rule, keeps, surplus, reviews } of found) {
    for (const { run } of surplus) if (run.stop === null) await stop(tx, rule, run, keeps)
    resolved.push({
      ...{ rule, issue: keeps.item.issueNumber, kind: keeps.run.agent, keeps: String(keeps.run.id) },
      stopped: surplus.map(({ run }) => String(run.id)),
      reviews: reviews.map(({ run }) => String(run.id)),
    })
  }
  return resolved
}

interface Keeps {
  run: { id: number; agent: string }
  item: { issueNumber: number }
}

async function stop(tx: Tx, rule: 'issue' | 'kind', run: RunRow, keeps: Keeps): Promise<void> {
  const why = oneTooMany(rule, keeps.run, keeps.item.issueNumber)
  if (rule === 'issue') return end(tx, run, why)
  const item = await lockItem(tx, run.workItemId)
  if (item?.state !== 'running' && item?.state !== 'planning') return
  await end(tx, run, why)
  await noteRestart(tx, { ...run, outcome: 'SingletonViolation', summary: why }, 'transient', { afterMs: 0 })
  const waits = waitsForSingleton(keeps.run.agent, keeps.item.issueNumber)
  if (item.state === 'planning') await updateReason(tx, item, { why: waits })
  else await transition(tx, item, 'ready', { actor: 'tutti', why: waits })
}

async function end(tx: Tx, run: RunRow, why: string): Promise<void> {
  await tx.db.update(runs).set({ stop: why }).where(eq(runs.id, run.id))
}
