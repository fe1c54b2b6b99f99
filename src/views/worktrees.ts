/** The worktrees of a repository: whose they are, and whether they may go. */

import { and, asc, desc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { runs, worktrees } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { moduleIdOf } from './module-id.ts'

/** One worktree that is there. */
export const worktreeView = z.object({
  issue: z.number().int(),
  moduleId: z.string(),
  branch: z.string(),
  folder: z.string().describe('Its name in the data directory'),
  state: z.string().describe('That of its item'),
  use: z
    .enum(['at work', 'kept', 'left', 'leftover'])
    .describe(
      '`kept` for the next attempt; `left` to an agent that may still write there; `leftover`: its item is finished',
    ),
  agentId: z.string().nullable(),
  createdAt: z.string(),
})
export type WorktreeView = z.infer<typeof worktreeView>

/** The worktrees that are there, by issue. Work in one is never lost with it: what is on no branch is kept by a ref. */
export async function worktreesOf(db: Database, repositoryId: number, limit = 200): Promise<WorktreeView[]> {
  const rows = await db
    .select({ tree: worktrees, item: workItems, stage: runs.stage })
    .from(worktrees)
    .innerJoin(workItems, eq(worktrees.workItemId, workItems.id))
    .leftJoin(runs, eq(worktrees.runId, runs.id))
    .where(and(eq(workItems.repositoryId, repositoryId), isNull(worktrees.removedAt)))
    .orderBy(asc(workItems.issueNumber), desc(worktrees.id))
    .limit(limit)
  return rows.map(({ tree, item, stage }) => ({
    ...{ issue: item.issueNumber, moduleId: moduleIdOf(item), branch: tree.branch, state: item.state },
    folder: tree.path.split('/').at(-1) ?? '',
    use: useOf({ left: tree.leftAt !== null, live: stage === 'agent', over: terminalStates.includes(item.state) }),
    agentId: tree.runId === null ? null : String(tree.runId),
    createdAt: tree.createdAt.toISOString(),
  }))
}

function useOf({ left, live, over }: { left: boolean; live: boolean; over: boolean }): WorktreeView['use'] {
  if (left) return 'left'
  if (live) return 'at work'
  return over ? 'leftover' : 'kept'
}
