/** What the scheduler reads before it decides: the rows, as they are in its transaction. */

import { and, eq, gt, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm'
import { openFootprints, type StoredFootprint } from '../store/footprints.ts'
import {
  type DecisionRow,
  type DependencyRow,
  type ItemRow,
  liveSystems,
  openDependencies,
  type SystemRow,
  standingDecisions,
  unfinishedItems,
} from '../store/items.ts'
import { finished } from '../store/journey.ts'
import type { Database, Tx } from '../store/open.ts'
import { liveRuns } from '../store/runs.ts'
import { dependencies, runs, systems, workItems } from '../store/schema.ts'

export interface Known {
  systems: Map<number, SystemRow>
  /** Every item of a live system that is not finished. */
  items: Map<number, ItemRow>
  /** Finished items that an open edge still names: the settings say what follows. */
  over: ItemRow[]
  edges: DependencyRow[]
  runs: Awaited<ReturnType<typeof liveRuns>>
  footprints: Map<number, StoredFootprint>
  /** What was decided last about each item that waits. */
  decisions: Map<number, DecisionRow>
  /** Agent hours of the last day, by system. */
  hours: Map<number, number>
}

/** Reads everything. One query for each kind of row, none for each item. */
export async function gather(tx: Tx): Promise<Known> {
  const systemRows = await liveSystems(tx.db)
  const known = new Map(systemRows.map((system) => [system.id, system]))
  const items = (await unfinishedItems(tx.db)).filter((item) => known.has(item.systemId))
  const edges = await openDependencies(tx.db)
  return {
    systems: known,
    items: new Map(items.map((item) => [item.id, item])),
    over: edges.length > 0 ? await finishedBlockers(tx.db) : [],
    edges,
    runs: await liveRuns(tx.db),
    footprints: await openFootprints(tx.db),
    decisions: await standingDecisions(tx.db),
    // Turns are taken between several only.
    hours: new Set(items.map((item) => item.systemId)).size > 1 ? await hoursOfDay(tx.db) : new Map(),
  }
}

async function finishedBlockers(db: Database): Promise<ItemRow[]> {
  const open = db
    .select({ id: workItems.id })
    .from(workItems)
    .innerJoin(systems, eq(systems.id, workItems.systemId))
    .innerJoin(
      dependencies,
      and(
        eq(dependencies.repository, sql`lower(${systems.fullName})`),
        eq(dependencies.issueNumber, workItems.issueNumber),
        ne(dependencies.blocker, 'closed'),
      ),
    )
    .where(inArray(workItems.state, [...finished]))
  return db.select().from(workItems).where(inArray(workItems.id, open))
}

const dayMs = 24 * 3_600_000

async function hoursOfDay(db: Database): Promise<Map<number, number>> {
  const since = new Date(Date.now() - dayMs)
  const rows = await db
    .select({ systemId: workItems.systemId, startedAt: runs.startedAt, endedAt: runs.endedAt })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(and(isNotNull(runs.startedAt), ne(runs.agent, 'person'), or(isNull(runs.endedAt), gt(runs.endedAt, since))))
  const hours = new Map<number, number>()
  for (const { systemId, startedAt, endedAt } of rows) {
    const from = Math.max(startedAt?.getTime() ?? 0, since.getTime())
    const to = endedAt?.getTime() ?? Date.now()
    hours.set(systemId, (hours.get(systemId) ?? 0) + Math.max(0, to - from) / 3_600_000)
  }
  return hours
}
