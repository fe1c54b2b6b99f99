/** What follows the default branch of a repository when it gets another name. */

import { and, eq, exists, inArray, not, notInArray, sql } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database } from './connect.ts'
import { pullRequests } from './schema/pull-requests.ts'
import { repositories } from './schema/repositories.ts'
import { workItems } from './schema/work-items.ts'

/**
 * Points the items that went to the old default branch to the new one, and has the clone fetch. An item whose pull
 * request still goes to the old one waits for GitHub to say where that goes: it is reported by an event of its own.
 * @param options.gone the old branch is not there any more: open pull requests were moved with it.
 */
export async function followDefaultBranch(
  db: Database,
  repo: { id: number; defaultBranch: string },
  to: string,
  options: { gone: boolean } = { gone: false },
): Promise<void> {
  const from = repo.defaultBranch
  await db
    .update(repositories)
    .set({ defaultBranch: to, remoteRevision: sql`${repositories.remoteRevision} + 1` })
    .where(eq(repositories.id, repo.id))
  const unfinished = and(
    eq(workItems.repositoryId, repo.id),
    eq(workItems.baseBranch, from),
    notInArray(workItems.state, [...terminalStates]),
  )
  const stillThere = db
    .select({ id: pullRequests.id })
    .from(pullRequests)
    .where(
      and(eq(pullRequests.workItemId, workItems.id), eq(pullRequests.state, 'open'), eq(pullRequests.baseBranch, from)),
    )
  const moved = await db
    .update(workItems)
    .set({ baseBranch: to })
    .where(options.gone ? unfinished : and(unfinished, not(exists(stillThere))))
    .returning({ id: workItems.id })
  if (!options.gone || moved.length === 0) return
  const ids = moved.map(({ id }) => id)
  await db
    .update(pullRequests)
    .set({ baseBranch: to })
    .where(
      and(inArray(pullRequests.workItemId, ids), eq(pullRequests.state, 'open'), eq(pullRequests.baseBranch, from)),
    )
}
