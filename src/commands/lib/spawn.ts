/**
 * Wishes for agents. The scheduler alone starts agents: it knows the limits, the memory, the budgets and the files that
 * others hold. So a wish makes an item the most urgent one, ends its retry delay, and asks for a pass.
 */

import { and, asc, count, eq, inArray } from 'drizzle-orm'
import type { Database } from '../../db/connect.ts'
import { lastDecision } from '../../db/decisions.ts'
import { workItems } from '../../db/schema/work-items.ts'
import { type ItemRow, lockItem } from '../../db/work-items.ts'
import { unknownWorkflow } from '../../domain/workflows.ts'
import { NoAvailableWork, UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/orchestrator.ts'
import { listAgents } from '../../views/agents.ts'
import { inModule } from '../../views/module-id.ts'
import type { CommandContext, Reply } from '../command.ts'
import { askForPass } from './after-pass.ts'
import { setScopedLabel } from './scoped-label.ts'

/** @throws {UserError} while the repository is paused, halted or shut down: nothing would start. */
export function mustBeActive({ repo, settings }: CommandContext): void {
  if (repo.state === 'active') return
  throw new UserError(...messages.cannotSpawnWhilePaused(repo.haltedBecause ?? '', settings.prefix))
}

/** @throws {UserError} when there is no loop of this name. */
export function mustBeLoop({ settings }: CommandContext, loopId: string | undefined): void {
  const problem = loopId === undefined ? undefined : unknownWorkflow(settings, loopId)
  if (problem !== undefined) throw new UserError(...messages.noSuchLoop(problem))
}

/** The items of a module that could start, most urgent first. @param loopId only those of this loop. */
export async function readyIn(
  { tx, repo }: Pick<CommandContext, 'tx' | 'repo'>,
  moduleId: string,
  loopId?: string,
): Promise<ItemRow[]> {
  return tx.db
    .select()
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repo.id),
        eq(workItems.kind, 'task'),
        inArray(workItems.state, ['queued', 'ready']),
        inModule(moduleId),
        loopId === undefined ? undefined : eq(workItems.loop, loopId),
      ),
    )
    .orderBy(asc(workItems.priority), asc(workItems.issueNumber))
    .limit(50)
}

/** @throws {NoAvailableWork} that says what becomes of the items of the module instead. */
export async function refuseModule({ tx, repo }: CommandContext, moduleId: string): Promise<never> {
  const agents = await listAgents(tx.db, repo.id, { active: true, module: moduleId })
  const [waiting] = await tx.db
    .select({ items: count() })
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, repo.id),
        inModule(moduleId),
        inArray(workItems.state, ['planning', 'asking', 'plan-review', 'held', 'paused']),
      ),
    )
  const busy = [...new Set(agents.map(({ issue }) => issue))]
  throw new NoAvailableWork(...messages.noWorkInModule(moduleId, { busy, other: waiting?.items ?? 0 }))
}

/**
 * Has an item started before all others: priority 0, as its label then shows, and no delay of a retry.
 * @returns the reply; to a program it says whether an agent has started, and which.
 */
export async function spawnFor(context: CommandContext, item: ItemRow): Promise<Reply> {
  const { tx } = context
  const now = (await lockItem(tx, item.id)) ?? item
  if (now.priority > 0) await setScopedLabel({ ...context, item: now }, 'priority:', '0', { priority: 0 })
  if (now.notBefore) await tx.db.update(workItems).set({ notBefore: null }).where(eq(workItems.id, now.id))
  const issue = now.issueNumber
  const follow = await askForPass(context, async (db, { agents }) => {
    const agent = agents.find((one) => one.issue === issue)
    if (agent) return { text: messages.startedText(agent), data: spawned('started', issue, { agent }) }
    const why = await whyNotStarted(db, now.id)
    return { text: messages.doesNotStartYet(issue, why), data: spawned('waiting', issue, { why }) }
  })
  return { text: messages.goesFirstText(issue), outcome: 'done', data: spawned('waiting', issue, {}), follow }
}

/** What became of a wish for one agent, as `spawn_agent` answers it. */
export function spawned(
  status: 'started' | 'waiting' | 'issue-requested',
  issue: number | null,
  { agent, why = '' }: { agent?: { agentId: string }; why?: string },
): Record<string, unknown> {
  return { status, issue, agentId: agent?.agentId ?? null, agent: agent ?? null, why }
}

async function whyNotStarted(db: Database, workItemId: number): Promise<string> {
  const decision = await lastDecision(db, workItemId)
  return decision?.action === 'wait' ? decision.explanation : ''
}
