/** The agents of a repository: those at work, and what they did lately. Reads `runs`. */

import { and, asc, count, eq, gte, inArray, isNotNull, notInArray, sql } from 'drizzle-orm'
import { notAgents } from '../domain/run-author.ts'
import type { Database } from './connect.ts'
import type { RunRow } from './runs.ts'
import { runs } from './schema/runs.ts'
import { workItems } from './schema/work-items.ts'
import type { ItemRow } from './work-items.ts'

/** An agent that waits for its runner or works. */
export interface AgentAtWork {
  run: RunRow
  item: Pick<ItemRow, 'id' | 'issueNumber' | 'title' | 'state'>
}

/** The agents of a repository that are at work, by issue. */
export async function agentsAtWork(db: Database, repositoryId: number): Promise<AgentAtWork[]> {
  return db
    .select({
      run: runs,
      item: {
        id: workItems.id,
        issueNumber: workItems.issueNumber,
        title: workItems.title,
        state: workItems.state,
      },
    })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        inArray(runs.stage, ['waiting', 'agent']),
        notInArray(runs.agent, [...notAgents]),
      ),
    )
    .orderBy(asc(workItems.issueNumber))
}

/** What the agents of one kind did. */
export interface AgentActivity {
  agent: string
  /** Attempts that have ended, and how many of them came to a result. */
  ended: number
  finished: number
  /** Of their work together, in seconds. */
  seconds: number
  /** The most memory that one of them used, in bytes; null where none was measured. */
  peakMemory: number | null
}

/** What each kind of agent did in a repository since a time. */
export async function activityOf(db: Database, repositoryId: number, since: Date): Promise<AgentActivity[]> {
  return db
    .select({
      agent: runs.agent,
      ended: count(),
      finished: sql`count(*) filter (where ${runs.outcome} in ('finished', 'planned', 'reviewed', 'proposed'))`.mapWith(
        Number,
      ),
      seconds: sql`coalesce(sum(extract(epoch from ${runs.endedAt} - ${runs.startedAt})), 0)`.mapWith(Number),
      peakMemory: sql<number | null>`max(${runs.peakMemory})::float8`,
    })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(
      and(
        eq(workItems.repositoryId, repositoryId),
        gte(runs.endedAt, since),
        isNotNull(runs.startedAt),
        notInArray(runs.agent, [...notAgents]),
      ),
    )
    .groupBy(runs.agent)
    .orderBy(runs.agent)
}

/** The memory of the next run of a kind is estimated from this many of its newest runs. */
const runsPerKind = 20
/** ... among this many newest measured runs of all kinds. */
const runsToRead = 200

/** The peak memory of the newest measured runs of each kind of agent, in bytes, newest first. */
export async function recentPeaks(db: Database): Promise<Map<string, number[]>> {
  const rows = await db
    .select({ agent: runs.agent, peak: sql`${runs.peakMemory}`.mapWith(Number) })
    .from(runs)
    .where(and(isNotNull(runs.peakMemory), isNotNull(runs.endedAt)))
    .orderBy(sql`${runs.id} desc`)
    .limit(runsToRead)
  const byKind = Map.groupBy(rows, ({ agent }) => agent)
  return new Map([...byKind].map(([kind, list]) => [kind, list.slice(0, runsPerKind).map(({ peak }) => peak)]))
}
