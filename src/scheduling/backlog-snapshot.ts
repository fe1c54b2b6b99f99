/** The backlog in memory: the rows as the scheduler's transaction reads them, and the items by name. */

import { and, eq, gt, inArray, isNotNull, isNull, notInArray, or } from 'drizzle-orm'
import type { Database, Tx } from '../db/connect.ts'
import { type DependencyRow, openDependencies } from '../db/dependencies.ts'
import { openFootprints, type StoredFootprint } from '../db/footprints.ts'
import { itemsWithOpenPull } from '../db/pull-requests.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import { liveRuns } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, itemsByIds, unfinishedItems } from '../db/work-items.ts'
import { activeStates, reviewStates, terminalStates } from '../domain/lifecycle.ts'
import { notAgents } from '../domain/run-author.ts'
import { currentMs } from '../lib/clock.ts'

/** The rows of some items. */
interface Rows {
  items: readonly ItemRow[]
  /** Finished items that an open edge of one of these names. */
  finished: readonly ItemRow[]
  edges: readonly DependencyRow[]
  footprints: ReadonlyMap<number, StoredFootprint>
  /** The items whose pull request is open. */
  openPulls: ReadonlySet<number>
}

export class Backlog {
  /** Every repository that Tutti works on, by id. */
  repos: ReadonlyMap<number, RepositoryRow>
  runs: Awaited<ReturnType<typeof liveRuns>> = []
  /** Agent hours of the last day, by repository. */
  hours: ReadonlyMap<number, number> = new Map()
  /** Every unfinished item of these repositories. */
  readonly items = new Map<number, ItemRow>()
  /** Finished items that an open edge names or named. The settings decide whether they block. */
  readonly finishedItems = new Map<number, ItemRow>()
  /** The dependencies and parts of each unfinished item. */
  readonly edges = new Map<number, readonly DependencyRow[]>()
  readonly footprints = new Map<number, StoredFootprint>()
  /** The ids of epics, of items with a branch in work or in review, and of items that may not start before a time. */
  readonly epics = new Set<number>()
  readonly active = new Set<number>()
  readonly delayed = new Set<number>()
  /** The ids of items for which a person has asked for a member of the crew. */
  readonly givenTo = new Set<number>()
  /** The ids of items whose pull request is open. */
  readonly openPulls = new Set<number>()
  readonly #itemByName = new Map<string, ItemRow>()
  readonly #finishedByName = new Map<string, ItemRow>()
  readonly #dependents = new Map<string, Set<number>>()

  constructor(repos: ReadonlyMap<number, RepositoryRow>) {
    this.repos = repos
  }

  /** The name of an item in edges: `owner/name#12` in lower case. */
  nameOf(item: Pick<ItemRow, 'repositoryId' | 'issueNumber'>): string {
    return `${this.repos.get(item.repositoryId)?.fullName.toLowerCase() ?? ''}#${item.issueNumber}`
  }

  /** The item with a name. The issue of a done item may have been reopened: it is no item then. */
  named(name: string): ItemRow | undefined {
    return this.#itemByName.get(name)
  }

  /** The finished item with a name, if another item waits for it. */
  finished(name: string): ItemRow | undefined {
    return this.#finishedByName.get(name)
  }

  /** The ids of unfinished items with an edge to this name. */
  dependentsOf(name: string): ReadonlySet<number> {
    return this.#dependents.get(name) ?? noIds
  }

  /**
   * Replaces the stored rows of these items with `rows`.
   * @returns the items whose decision may change: these, and the dependents of items that were added or removed.
   */
  replace(ids: Iterable<number>, rows: Rows): Set<number> {
    const touched = new Set(ids)
    const fresh = new Map(rows.items.filter((row) => this.repos.has(row.repositoryId)).map((row) => [row.id, row]))
    const edges = Map.groupBy(rows.edges, (edge) => edge.dependentId)
    const finished = rows.finished.filter((row) => this.repos.has(row.repositoryId) && !touched.has(row.id))
    const changedNames = new Set<string>()
    for (const id of touched) for (const name of this.#remove(id)) changedNames.add(name)
    for (const id of touched) {
      const row = fresh.get(id)
      if (row && !terminalStates.includes(row.state)) {
        this.#add(row, edges.get(id) ?? [], rows.footprints.get(id))
        if (rows.openPulls.has(id)) this.openPulls.add(id)
        changedNames.add(this.nameOf(row))
      }
    }
    // After the edges: a finished item is kept only while an item waits for it.
    const ended = [...touched]
      .flatMap((id) => fresh.get(id) ?? [])
      .filter(({ state }) => terminalStates.includes(state))
    for (const row of [...ended, ...finished]) {
      const name = this.nameOf(row)
      if (this.dependentsOf(name).size === 0 || this.items.has(row.id)) continue
      this.finishedItems.set(row.id, row)
      this.#finishedByName.set(name, row)
      if (row.state !== 'done') this.#itemByName.set(name, row)
      changedNames.add(name)
      touched.add(row.id)
    }
    for (const name of changedNames) for (const id of this.dependentsOf(name)) touched.add(id)
    return touched
  }

  #add(row: ItemRow, edges: readonly DependencyRow[], footprint: StoredFootprint | undefined): void {
    this.items.set(row.id, row)
    this.#itemByName.set(this.nameOf(row), row)
    this.edges.set(row.id, edges)
    for (const edge of edges) {
      const name = itemNameIn(edge)
      const waiting = this.#dependents.get(name)
      if (waiting) waiting.add(row.id)
      else this.#dependents.set(name, new Set([row.id]))
    }
    if (footprint) this.footprints.set(row.id, footprint)
    if (row.kind === 'epic') this.epics.add(row.id)
    if (activeStates.includes(row.state) || reviewStates.includes(row.state)) this.active.add(row.id)
    if (row.notBefore) this.delayed.add(row.id)
    if (row.memberId !== null) this.givenTo.add(row.id)
  }

  /** @returns the name that the item had. */
  #remove(id: number): string[] {
    const row = this.items.get(id) ?? this.finishedItems.get(id)
    for (const edge of this.edges.get(id) ?? []) {
      const name = itemNameIn(edge)
      const waiting = this.#dependents.get(name)
      waiting?.delete(id)
      if (waiting?.size === 0) this.#dependents.delete(name)
    }
    for (const rows of [this.items, this.finishedItems, this.edges, this.footprints]) rows.delete(id)
    for (const ids of [this.epics, this.active, this.delayed, this.givenTo, this.openPulls]) ids.delete(id)
    if (!row) return []
    const name = this.nameOf(row)
    if (this.#finishedByName.get(name)?.id === id) this.#finishedByName.delete(name)
    if (this.#itemByName.get(name)?.id === id) this.#itemByName.delete(name)
    return [name]
  }
}

const noIds: ReadonlySet<number> = new Set()

/** The issue that an edge names, as `owner/name#12`. */
export function itemNameIn(edge: Pick<DependencyRow, 'repository' | 'issueNumber'>): string {
  return `${edge.repository}#${edge.issueNumber}`
}

/** Reads the whole backlog, with one query for each kind of row and none for each item. */
export async function loadBacklog(tx: Tx): Promise<Backlog> {
  const backlog = new Backlog(new Map((await servedRepositories(tx.db)).map((repo) => [repo.id, repo])))
  const items = await unfinishedItems(tx.db)
  const edges = await openDependencies(tx.db)
  const footprints = await openFootprints(tx.db)
  const openPulls = await itemsWithOpenPull(tx.db)
  const unfinished = new Set(items.map((item) => backlog.nameOf(item)))
  const finished = await readFinishedBlockers(tx.db, backlog.repos, edges, (name) => unfinished.has(name))
  backlog.replace(
    items.map(({ id }) => id),
    { items, edges, footprints, finished, openPulls },
  )
  await loadVolatile(tx, backlog)
  return backlog
}

/** Reads these items again. @returns as `Backlog.replace`. */
export async function reloadItems(tx: Tx, backlog: Backlog, ids: ReadonlySet<number>): Promise<Set<number>> {
  if (ids.size === 0) return new Set()
  const idList = [...ids]
  const items = await itemsByIds(tx.db, idList)
  const edges = await openDependencies(tx.db, idList)
  const footprints = await openFootprints(tx.db, idList)
  const openPulls = await itemsWithOpenPull(tx.db, idList)
  // The items that are read again may be finished now.
  const isUnfinished = (item: ItemRow | undefined) =>
    item !== undefined && backlog.items.has(item.id) && !ids.has(item.id)
  const finished = await readFinishedBlockers(tx.db, backlog.repos, edges, (name) => isUnfinished(backlog.named(name)))
  return backlog.replace(idList, { items, edges, footprints, finished, openPulls })
}

/** Reads the rows that change between all passes. */
export async function loadVolatile(tx: Tx, backlog: Backlog): Promise<void> {
  backlog.runs = await liveRuns(tx.db)
  // Fairness needs the hours only between several repositories.
  if (backlog.repos.size > 1) backlog.hours = await hoursOfDay(tx.db)
}

/**
 * Reads the finished items that one of these edges waits for.
 * @param isUnfinished whether the item with this name is known to be unfinished.
 */
async function readFinishedBlockers(
  db: Database,
  repos: Backlog['repos'],
  edges: readonly DependencyRow[],
  isUnfinished: (name: string) => boolean,
): Promise<ItemRow[]> {
  const byRepository = new Map([...repos.values()].map((repo) => [repo.fullName.toLowerCase(), repo.id]))
  const byTarget = Map.groupBy(
    edges.filter((edge) => edge.blocker !== 'closed' && !isUnfinished(itemNameIn(edge))),
    (edge) => byRepository.get(edge.repository),
  )
  const found: ItemRow[] = []
  for (const [repositoryId, targets] of byTarget) {
    if (repositoryId === undefined) continue
    const numbers = [...new Set(targets.map(({ issueNumber }) => issueNumber))]
    // Postgres accepts at most 65,535 values in one statement.
    for (let from = 0; from < numbers.length; from += 5_000) {
      const isTarget = inArray(workItems.issueNumber, numbers.slice(from, from + 5_000))
      const isOver = inArray(workItems.state, [...terminalStates])
      found.push(
        ...(await db
          .select()
          .from(workItems)
          .where(and(eq(workItems.repositoryId, repositoryId), isTarget, isOver))),
      )
    }
  }
  return found
}

const dayMs = 24 * 3_600_000

async function hoursOfDay(db: Database): Promise<Map<number, number>> {
  const since = new Date(currentMs() - dayMs)
  const rows = await db
    .select({ repositoryId: workItems.repositoryId, startedAt: runs.startedAt, endedAt: runs.endedAt })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(
      and(
        isNotNull(runs.startedAt),
        notInArray(runs.agent, [...notAgents]),
        or(isNull(runs.endedAt), gt(runs.endedAt, since)),
      ),
    )
  const hours = new Map<number, number>()
  for (const { repositoryId, startedAt, endedAt } of rows) {
    const from = Math.max(startedAt?.getTime() ?? 0, since.getTime())
    const to = endedAt?.getTime() ?? currentMs()
    hours.set(repositoryId, (hours.get(repositoryId) ?? 0) + Math.max(0, to - from) / 3_600_000)
  }
  return hours
}
