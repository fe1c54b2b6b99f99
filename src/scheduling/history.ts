/** What finished items teach about the next ones: how long such work takes, and which files it touches. */

import { and, desc, eq, inArray, max, ne, sql } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { pastFootprints } from '../db/footprints.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { moduleOf } from '../domain/labels.ts'
import { effortHours } from '../lib/effort-hours.ts'
import { type EffortSample, estimateEffort, estimateSpread, paceOf } from '../scheduler/estimate-effort.ts'
import { type HistoryQuery, type HistorySample, surePaths } from '../scheduler/optimiser/predict-files.ts'

/** So many of the newest finished items of a repository are learned from. */
const mostItems = 300

interface Lessons {
  /** Tells whether anything was finished since. */
  version: string
  efforts: EffortSample[]
  history: HistorySample[]
  /** Predicted paths by item, title and labels. */
  predicted: Map<string, readonly string[]>
}

/** Kept by a process between looks; a repository is read again when something in it was finished. */
export class History {
  readonly #repos = new Map<number, Lessons>()
  /** Hours of the clock behind one hour of an estimate. */
  pace = 1
  /** Counts what was learned: another number, other answers. */
  lessons = 0
  /** How far estimates are off, see `estimateSpread`; undefined when too little is finished. */
  spread: number | undefined
  #efforts: EffortSample[] = []

  /** Reads what was finished since the last time. @param known the systems that matter now. */
  async refresh(db: Database, backlog: ReadonlyMap<number, RepositoryRow>): Promise<void> {
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
      const repo = backlog.get(repositoryId)
      if (repo) this.#repos.set(repositoryId, await learn(db, repo, version))
    }
    if (changed.length === 0) return
    this.lessons++
    const all = [...this.#repos.values()].flatMap(({ efforts }) => efforts)
    this.pace = paceOf(all)
    this.#efforts = all.map((sample) => ({ ...sample, hours: sample.hours / this.pace }))
    this.spread = estimateSpread(this.#efforts)
  }

  /** Hours that the item will take, in the hours of labels and plans. */
  effortOf(item: ItemRow, repository: string, agentKind: string): number {
    const answer = estimateEffort(
      {
        repository,
        agentKind,
        labels: item.effort ? [`effort:${item.effort}`] : [],
        ...(moduleOf(item) ? { module: moduleOf(item) } : {}),
        ...(item.plannedHours ? { planned: item.plannedHours } : {}),
      },
      this.#efforts,
    )
    return answer.hours
  }

  /** The paths that the item will surely touch, by what similar ones touched; mostly none. */
  pathsOf(item: ItemRow): readonly string[] {
    const lessons = this.#repos.get(item.repositoryId)
    if (!lessons || lessons.history.length === 0) return []
    const key = JSON.stringify([item.id, item.title, item.labels])
    const backlog = lessons.predicted.get(key)
    if (backlog) return backlog
    const paths = surePaths(questionOf(item), lessons.history).map(({ path }) => path)
    lessons.predicted.set(key, paths)
    return paths
  }
}

/** Labels of our own say how to work, not where. */
const ours = /^(?:tutti(?::|$)|priority:|effort:|module:|loop:)/i

function questionOf(item: ItemRow): HistoryQuery {
  const module = moduleOf(item)
  return {
    title: item.title,
    labels: item.labels.filter((label) => !ours.test(label)),
    ...(module === undefined ? {} : { module }),
  }
}

async function learn(db: Database, repo: RepositoryRow, version: string): Promise<Lessons> {
  const items = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repo.id), eq(workItems.state, 'done'), eq(workItems.kind, 'task')))
    .orderBy(desc(workItems.id))
    .limit(mostItems)
  const files = await pastFootprints(db, repo.id, mostItems)
  const taken = await hoursOf(
    db,
    items.map((item) => item.id),
  )
  return {
    version,
    efforts: items.flatMap((item) => sampleOf(item, repo.fullName, taken.get(item.id))),
    history: items.flatMap((item) => {
      const changed = files.get(item.id)
      return changed ? [{ ...questionOf(item), files: changed }] : []
    }),
    predicted: new Map(),
  }
}

function sampleOf(item: ItemRow, repository: string, taken: Taken | undefined): EffortSample[] {
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

interface Taken {
  hours: number
  agent: string
}

/** Hours that agents built on each item, all attempts together, and the kind that did the last one. */
async function hoursOf(db: Database, ids: readonly number[]): Promise<Map<number, Taken>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(runs)
    .where(and(inArray(runs.workItemId, [...ids]), eq(runs.purpose, 'build'), ne(runs.agent, 'person')))
    .orderBy(runs.id)
  const taken = new Map<number, Taken>()
  for (const { workItemId, agent, startedAt, endedAt } of rows) {
    if (!startedAt || !endedAt) continue
    const hours = (endedAt.getTime() - startedAt.getTime()) / 3_600_000
    taken.set(workItemId, { agent, hours: (taken.get(workItemId)?.hours ?? 0) + hours })
  }
  return taken
}
