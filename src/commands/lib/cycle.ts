/** Cycles: the scheduler decides again now, and what it starts is reported. */

import { randomUUID } from 'node:crypto'
import { and, asc, eq, inArray } from 'drizzle-orm'
import { appendAudit } from '../../db/audit-log.ts'
import { scheduleReportOf } from '../../db/schedule-reports.ts'
import { workItems } from '../../db/schema/work-items.ts'
import { currentTime } from '../../lib/clock.ts'
import * as messages from '../../messages/commands/orchestrator.ts'
import type { AgentView } from '../../views/agents.ts'
import type { CommandContext, Reply } from '../command.ts'
import { askForPass } from './after-pass.ts'
import { mustBeActive } from './spawn.ts'

/**
 * One cycle: identify, spawn, execute. The scheduler looks at every change by itself, so a cycle mostly finds everything
 * decided. It notes the cycle in the event log and asks for a pass. The reply to a program counts the agents that this
 * pass has started; where the scheduler takes longer than a caller waits, `settled` is false and the numbers may grow.
 * @param spawnDelayed how many of the items that wait for a retry's delay start at once, most urgent first.
 * @throws {UserError} while the repository is paused.
 */
export async function beginCycle(context: CommandContext, spawnDelayed = 0): Promise<Reply> {
  mustBeActive(context)
  const { tx, repo, actor } = context
  const cycleId = randomUUID()
  if (spawnDelayed > 0) await endDelays(context, spawnDelayed)
  const report = await scheduleReportOf(tx.db, repo.id)
  await appendAudit(tx, {
    repositoryId: repo.id,
    actor: actor.login,
    what: messages.cycleEvent,
    detail: { cycleId, why: messages.cycleWhy(cycleId) },
  })
  const follow = await askForPass(context, async (_, { agents, settled }) => ({
    text: messages.cycleText(agents, settled),
    data: cycleData(cycleId, agents, settled),
  }))
  const waiting = report ? report.next.length + report.more : 0
  return { text: messages.cycleBegun(waiting), outcome: 'done', data: cycleData(cycleId, [], false), follow }
}

function cycleData(cycleId: string, agents: readonly AgentView[], settled: boolean): Record<string, unknown> {
  const modulesTargeted = [...new Set(agents.map(({ moduleId }) => moduleId))]
  return { cycleId, agentsSpawned: agents.length, modulesTargeted, agents, settled }
}

/** Items that wait for the delay of a retry wait no longer. */
async function endDelays({ tx, repo }: CommandContext, count: number): Promise<void> {
  const rows = await tx.db
    .select({ id: workItems.id, notBefore: workItems.notBefore })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repo.id), eq(workItems.state, 'ready'), eq(workItems.kind, 'task')))
    .orderBy(asc(workItems.priority), asc(workItems.issueNumber))
  const delayed = rows.filter(({ notBefore }) => notBefore && notBefore > currentTime()).slice(0, count)
  if (delayed.length === 0) return
  const ids = delayed.map(({ id }) => id)
  await tx.db.update(workItems).set({ notBefore: null }).where(inArray(workItems.id, ids))
}
