/** The agents of a repository as people and programs see them: one for each attempt. */

import { and, asc, desc, eq, gt, inArray, lt, notInArray, type SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import type { RunRow } from '../db/runs.ts'
import { runs, worktrees } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { notAgents } from '../domain/run-author.ts'
import { runPurposes } from '../domain/run-purpose.ts'
import { inModule, moduleIdOf } from './module-id.ts'

/** What one agent is doing. */
export const agentStatuses = ['waiting', 'working', 'checking', 'finished', 'failed', 'stopped'] as const
export type AgentStatus = (typeof agentStatuses)[number]

/** One agent: an attempt on one item. Times are ISO 8601. */
export const agentView = z.object({
  agentId: z.string().describe('The number of its attempt, as text'),
  name: z.string().describe('The member of the crew that makes the attempt; empty where none was given it'),
  kind: z.string().describe('Claude Code, Codex, …, by its id'),
  status: z.enum(agentStatuses),
  moduleId: z.string(),
  loopId: z.string(),
  purpose: z.enum(runPurposes),
  issue: z.number().int(),
  title: z.string(),
  attempt: z.number().int(),
  progress: z.string().describe('The last thing that it reported'),
  outcome: z.string().nullable(),
  branch: z.string(),
  worktree: z.string().nullable().describe('The folder name of its worktree while there is one'),
  health: z.string().nullable().describe('healthy, warning, stalled, critical or dead, while it works'),
  silentSeconds: z.number().nullable(),
  cpuPercent: z.number().nullable().describe('Of one core'),
  memoryBytes: z.number().nullable(),
  model: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
})
export type AgentView = z.infer<typeof agentView>

/** One entry of the restart log. */
export const restartView = z.object({
  issueNumber: z.number().int(),
  agent: z.string(),
  reason: z.string(),
  attempt: z.number().int(),
  afterMs: z.number().int(),
  at: z.string(),
})

/** More live agents than one where there may be one: on an issue, or of a kind that is a singleton. */
export const violationView = z.object({
  rule: z.enum(['issue', 'kind']),
  issue: z.number().int().describe('Of the agent that goes on'),
  kind: z.string().describe('Of the agent that goes on'),
  keeps: z.string().describe('The agent that goes on: the newest on an issue, the oldest of a kind'),
  stopped: z.array(z.string()).describe('Agents that are being stopped'),
  reviews: z.array(z.string()).describe('Agents that review, and end soon by themselves'),
})
export type ViolationView = z.infer<typeof violationView>

/** Which agents. */
export interface AgentFilter {
  /** Only those that wait or work. */
  active?: boolean | undefined
  status?: AgentStatus | undefined
  /** As its label names it. */
  module?: string | undefined
  kind?: string | undefined
  issue?: number | undefined
  /** Only those that were started after this agent, or before it. */
  after?: number | undefined
  before?: number | undefined
  /** At most so many, newest first; 100 when absent. */
  limit?: number | undefined
}

/** The agents of a repository: those at work by issue, then those that have ended, newest first. */
export async function listAgents(db: Database, repositoryId: number, filter: AgentFilter = {}): Promise<AgentView[]> {
  const conditions: (SQL | undefined)[] = [
    eq(workItems.repositoryId, repositoryId),
    notInArray(runs.agent, [...notAgents]),
    filter.active ? inArray(runs.stage, ['waiting', 'agent', 'gates']) : undefined,
    filter.module === undefined ? undefined : inModule(filter.module),
    filter.kind === undefined ? undefined : eq(runs.agent, filter.kind),
    filter.issue === undefined ? undefined : eq(workItems.issueNumber, filter.issue),
    filter.after === undefined ? undefined : gt(runs.id, filter.after),
    filter.before === undefined ? undefined : lt(runs.id, filter.before),
  ]
  const rows = await select(db, and(...conditions), filter.status ? 1_000 : (filter.limit ?? 100))
  const shown = rows.map(viewOf).filter((one) => filter.status === undefined || one.status === filter.status)
  const live = shown.filter((one) => one.endedAt === null).sort((a, b) => a.issue - b.issue)
  return [...live, ...shown.filter((one) => one.endedAt !== null)].slice(0, filter.limit ?? 100)
}

/** One agent of a repository, by its id. */
export async function findAgent(db: Database, repositoryId: number, agentId: string): Promise<AgentView | undefined> {
  const id = Number(agentId)
  if (!Number.isSafeInteger(id)) return undefined
  const rows = await select(
    db,
    and(eq(workItems.repositoryId, repositoryId), eq(runs.id, id), notInArray(runs.agent, [...notAgents])),
    1,
  )
  return rows[0] && viewOf(rows[0])
}

interface Row {
  run: RunRow
  item: Pick<ItemRow, 'issueNumber' | 'title' | 'module' | 'loop' | 'branch'>
  worktree: string | null
}

async function select(db: Database, where: SQL | undefined, limit: number): Promise<Row[]> {
  const { issueNumber, title, module, loop, branch } = workItems
  return db
    .select({ run: runs, item: { issueNumber, title, module, loop, branch }, worktree: worktrees.path })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .leftJoin(worktrees, eq(worktrees.runId, runs.id))
    .where(where)
    .orderBy(desc(runs.id), asc(worktrees.id))
    .limit(limit)
}

function viewOf({ run, item, worktree }: Row): AgentView {
  const health = run.endedAt === null ? run.health : null
  return {
    ...{ agentId: String(run.id), name: run.memberName ?? '', kind: run.agent, status: statusOf(run) },
    ...{ moduleId: moduleIdOf(item), loopId: item.loop, purpose: run.purpose },
    ...{ issue: item.issueNumber, title: item.title, attempt: run.attempt },
    ...{ progress: run.progress, outcome: run.outcome, branch: item.branch },
    // The folders of the machine are private: the name is enough to find it.
    worktree: worktree?.split('/').at(-1) ?? null,
    ...{ health: health?.verdict ?? null, cpuPercent: health?.cpuPercent ?? null, memoryBytes: health?.memory ?? null },
    silentSeconds: health ? Math.round(health.silentMs / 1_000) : null,
    model: run.model,
    startedAt: run.startedAt?.toISOString() ?? null,
    endedAt: run.endedAt?.toISOString() ?? null,
  }
}

function statusOf({ stage, outcome }: RunRow): AgentStatus {
  if (stage === 'waiting') return 'waiting'
  if (stage === 'agent') return 'working'
  if (stage === 'gates') return 'checking'
  if (outcome !== null && ['finished', 'planned', 'reviewed', 'proposed', 'asked'].includes(outcome)) return 'finished'
  return outcome === 'stopped' ? 'stopped' : 'failed'
}
