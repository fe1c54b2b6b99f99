/** What belongs to items in views: open issues that they wait for, the agent at work, the pull request. */

import { and, asc, eq, inArray, ne, notInArray, sql } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { runs } from '../db/schema/runs.ts'
import { dependencies, workItems } from '../db/schema/work-items.ts'
import { terminalStates } from '../domain/lifecycle.ts'

/** What belongs to one item. */
export interface Belongings {
  /** Open issues, as owner/name#12. Empty for a finished item. */
  waitsFor: ReadonlySet<string>
  /** The name of the crew member at work on it, or its kind. */
  agent: string | null
  /** The number of the newest one. */
  pullRequest: number | null
}

/** What belongs to each of these items, by their ids; one statement for all. */
export async function belongingsOf(db: Database, ids: readonly number[]): Promise<Map<number, Belongings>> {
  if (ids.length === 0) return new Map()
  const waits = and(ne(dependencies.blocker, 'closed'), notInArray(workItems.state, [...terminalStates]))
  const rows = await db
    .select({
      id: workItems.id,
      agent: sql<string | null>`coalesce(${runs.memberName}, ${runs.agent})`,
      pull: pullRequests.number,
      blocker: sql<string | null>`${dependencies.repository} || '#' || ${dependencies.issueNumber}`,
    })
    .from(workItems)
    .leftJoin(runs, and(eq(runs.workItemId, workItems.id), inArray(runs.stage, ['waiting', 'agent'])))
    .leftJoin(pullRequests, eq(pullRequests.workItemId, workItems.id))
    .leftJoin(dependencies, and(eq(dependencies.dependentId, workItems.id), waits))
    // One parameter: a list of hundreds takes longer to be written than to be answered.
    .where(sql`${workItems.id} = any(${sql.param(`{${ids.join()}}`)}::text::bigint[])`)
    .orderBy(asc(pullRequests.id), asc(runs.id), asc(dependencies.id))
  return new Map(
    [...Map.groupBy(rows, ({ id }) => id)].map(([id, own]) => {
      const { agent = null, pull = null } = own.at(-1) ?? {}
      return [id, { agent, pullRequest: pull, waitsFor: new Set(own.flatMap(({ blocker }) => blocker ?? [])) }]
    }),
  )
}
