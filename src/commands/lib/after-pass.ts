/** Asks the scheduler for a pass, and reads what it has started. */

import type { Database } from '../../db/connect.ts'
import { newestRunId, passIsDue } from '../../db/passes.ts'
import { type AgentView, listAgents } from '../../views/agents.ts'
import type { CommandContext, Reply } from '../command.ts'

/** What a pass has led to so far. */
export interface PassResult {
  /** Whether no pass waits or is under way any more. */
  settled: boolean
  /** Agents of the repository that were started since it was asked for. */
  agents: AgentView[]
}

/**
 * Queues a pass of the scheduler with the transaction.
 * @param describe makes the reply of what the pass has started. It runs after the commit.
 * @returns the `follow` of a reply. The scheduler alone starts agents, and only after the commit; so a command can wish
 * for agents, and its caller is answered with those that have really started.
 */
export async function askForPass(
  { tx, repo }: Pick<CommandContext, 'tx' | 'repo'>,
  describe: (db: Database, result: PassResult) => Promise<{ text: string; data: Record<string, unknown> }>,
): Promise<NonNullable<Reply['follow']>> {
  const after = await newestRunId(tx.db)
  await tx.enqueue({ queue: 'schedule' })
  return async (db) => {
    // First this, then the runs: a pass that ends in between has stored them.
    const settled = !(await passIsDue(db))
    const agents = await listAgents(db, repo.id, { after })
    return { settled, ...(await describe(db, { settled, agents })) }
  }
}
