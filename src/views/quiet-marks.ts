/** What changes in a repository without an event: its state, and how far its live runs are. */

import { inArray, ne, sql } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { repositories } from '../db/schema/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'

/** For each repository a text that changes with these. */
export async function quietMarks(db: Database, repositoryIds: readonly number[]): Promise<Map<number, string>> {
  if (repositoryIds.length === 0) return new Map()
  const runMark = sql`concat_ws('|', ${runs.id}, ${runs.stage}, ${runs.progress}, ${runs.health}->>'at')`
  const live = db
    .select({
      repositoryId: workItems.repositoryId,
      mark: sql<string>`md5(string_agg(${runMark}, ',' order by ${runs.id}))`.as('mark'),
    })
    .from(runs)
    .innerJoin(workItems, sql`${runs.workItemId} = ${workItems.id}`)
    .where(ne(runs.stage, 'ended'))
    .groupBy(workItems.repositoryId)
    .as('live')
  const rows = await db
    .select({ id: repositories.id, state: repositories.state, mark: live.mark })
    .from(repositories)
    .leftJoin(live, sql`${live.repositoryId} = ${repositories.id}`)
    .where(inArray(repositories.id, [...repositoryIds]))
  return new Map(rows.map(({ id, state, mark }) => [id, `${state} ${mark ?? ''}`]))
}
