/** At most one live agent for each item. The lease makes a second one impossible; this sees one that got past it. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { agentsAtWork } from '../../db/agents.ts'
import { runs } from '../../db/schema/runs.ts'
import { oneTooMany } from '../../messages/commands/agents.ts'
import type { CommandContext } from '../command.ts'

/** One item with several live agents, by their ids. */
export const violationView = z.object({
  issue: z.number().int(),
  keeps: z.string().describe('The newest goes on'),
  stopped: z.array(z.string()).describe('The others are being stopped'),
})

/** Finds items with several live agents, and has all but the newest stopped. @returns what was found. */
export async function resolveViolations({ tx, repo }: CommandContext): Promise<z.infer<typeof violationView>[]> {
  const byItem = Map.groupBy(await agentsAtWork(tx.db, repo.id), ({ item }) => item.issueNumber)
  const found: z.infer<typeof violationView>[] = []
  for (const [issue, agents] of byItem) {
    const [newest, ...others] = agents.map(({ run }) => run).sort((a, b) => b.id - a.id)
    if (!newest || others.length === 0) continue
    const keeps = String(newest.id)
    for (const { id } of others)
      await tx.db
        .update(runs)
        .set({ stop: oneTooMany(issue, keeps) })
        .where(eq(runs.id, id))
    found.push({ issue, keeps, stopped: others.map(({ id }) => String(id)) })
  }
  return found
}
