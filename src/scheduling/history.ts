/** Learns from finished items: the effort of similar items, and the files that they touch. */

import { and, desc, eq, inArray, max, notInArray, sql } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { pastFootprints } from '../db/footprints.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { moduleOf } from '../domain/labels.ts'
import { notAgents } from '../domain/run-author.ts'
import { effortHours } from '../lib/effort-hours.ts'
import { type EffortSample, estimateEffort, estimateSpread, paceOf } from '../scheduler/estimate-effort.ts'
import { type HistoryQuery, type HistorySample, surePaths } from '../scheduler/optimiser/predict-files.ts'

/** At most this many of the newest finished items of a repository are used. */
const maxItems = 300

interface RepositoryHistory {
  /** Changes when an item is finished. */
  version: string
  efforts: EffortSample[]
  history: HistorySample[]
  /** Predicted paths by item, title and labels. */
  predicted: Map<string, readonly string[]>
}

/** A process keeps it between passes. A repository is read again when one of its items has been finished. */
export class History {
  readonly #repos = new Map<number, RepositoryHistory>()
  /** Hours by the clock for one hour of an estimate. */
  pace = 1
  /** Increases with each refresh that has changed the estimates. */
  version = 0
  /** The error of the estimates, see `estimateSpread`; undefined with too few finished items. */
  spread: number | undefined
  #efforts: EffortSample[] = []

  /** Reads the items that were finished since the last refresh. @param repos the present repositories. */
  async refresh(db: Database, repos: ReadonlyMap<number, RepositoryRow>): Promise<void> {
    const versions = await db
      .select({
        repositoryId: workItems.repositoryId,
        version: sql<string>`count(*) || ' ' || ${max(workItems.doneAt)}`,
      })
      .from(workItems)
      .where(eq(workItems.state, 'done'))
      .groupBy(workItems.repositoryId)
    const changed = versions.filter(({ repositoryId, version }) => this.#repos.get(repositoryId)?.version !== version)
    for (const { repositoryId, version } of changed) {
      const repo = repos.get(repositoryId)
      if (repo) this.#repos.set(repositoryId, await learn(db, repo, version))
    }
    if (changed.length === 0) return
    this.version++
    const all = [...this.#repos.values()].flatMap(({ efforts }) => efforts)
    this.pace = paceOf(all)
    this.#efforts = all.map((sample) => ({ ...sample, hours: sample.hours / this.pace }))
    this.spread = estimateSpread(this.#efforts)
  }

  /** The expected effort of an item, in the hours of labels and plans. */
  effortOf(item: ItemRow, repository: string, agentKind: string): number {
    const estimate = estimateEffort(
      {
        repository,
        agentKind,
        labels: item.effort ? [`effort:${item.effort}`] : [],
        ...(moduleOf(item) ? { module: moduleOf(item) } : {}),
        ...(item.plannedHours ? { planned: item.plannedHours } : {}),
      },
      this.#efforts,
    )
    return estimate.hours
  }

  /** The paths that the item will touch, predicted with certainty from similar items; often none. */
  pathsOf(item: ItemRow): readonly string[] {
    const past = this.#repos.get(item.repositoryId)
    if (!past || past.history.length === 0) return []
    const key = JSON.stringify([item.id, item.title, item.labels])
    const known = past.predicted.get(key)
    if (known) return known
    const paths = surePaths(queryOf(item), past.history).map(({ path }) => path)
    past.predicted.set(key, paths)
    return paths
  }
}

/** Tutti's own labels: they say how to work, and nothing about the files. */
const ownLabels = /^(?:tutti(?::|$)|priority:|effort:|module:|loop:)/i

function queryOf(item: ItemRow): HistoryQuery {
  const module = moduleOf(item)
  return {
    title: item.title,
    labels: item.labels.filter((label) => !ownLabels.test(label)),
    ...(module === undefined ? {} : { module }),
  }
}

async function learn(db: Database, repo: RepositoryRow, version: string): Promise<RepositoryHistory> {
  const items = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repo.id), eq(workItems.state, 'done'), eq(workItems.kind, 'task')))
    .orderBy(desc(workItems.id))
    .limit(maxItems)
  const files = await pastFootprints(db, repo.id, maxItems)
  const taken = await hoursOf(
    db,
    items.map((item) => item.id),
  )
  return {
    version,
    efforts: items.flatMap((item) => sampleOf(item, repo.fullName, taken.get(item.id))),
    history: items.flatMap((item) => {
      const changed = files.get(item.id)
      return changed ? [{ ...queryOf(item), files: changed }] : []
    }),
    predicted: new Map(),
  }
}

function sampleOf(item: ItemRow, repository: string, taken: BuildTime | undefined): EffortSample[] {
  if (!taken || taken.hours <= 0) return []
  const module = moduleOf(item)
  const estimate = item.effort ? effortHours[item.effort] : (item.plannedHours ?? undefined)
  return [
    {
      repository,
      agentKind: taken.agent,
      labels: item.labels,
      hours: taken.hours,
      ...(module === undefined ? {} : { module }),
      ...(estimate === undefined ? {} : { estimate }),
    },
  ]
}

interface BuildTime {
  hours: number
  agent: string
}

/** The hours that agents built each item, all attempts together, and the kind of agent of the last attempt. */
async function hoursOf(db: Database, ids: readonly number[]): Promise<Map<number, BuildTime>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(runs)
    .where(and(inArray(runs.workItemId, [...ids]), eq(runs.purpose, 'build'), notInArray(runs.agent, [...notAgents])))
    .orderBy(runs.id)
  const taken = new Map<number, BuildTime>()
  for (const { workItemId, agent, startedAt, endedAt } of rows) {
    if (!startedAt || !endedAt) continue
    const hours = (endedAt.getTime() - startedAt.getTime()) / 3_600_000
    taken.set(workItemId, { agent, hours: (taken.get(workItemId)?.hours ?? 0) + hours })
  }
  return taken
}
