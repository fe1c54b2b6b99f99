/** What the scheduler knows of the backlog: the rows, as they are in its transaction, and who is behind which name. */

import { and, eq, gt, inArray, isNotNull, isNull, ne, or } from 'drizzle-orm'
import type { Database, Tx } from '../db/connect.ts'
import { type DependencyRow, openDependencies } from '../db/dependencies.ts'
import { openFootprints, type StoredFootprint } from '../db/footprints.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import { liveRuns } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, itemsByIds, unfinishedItems } from '../db/work-items.ts'
import { activeStates, terminalStates } from '../domain/lifecycle.ts'

/** The rows that belong to some items. */
interface Rows {
  items: readonly ItemRow[]
  /** Finished items that an open edge of one of these names. */
  over: readonly ItemRow[]
  edges: readonly DependencyRow[]
  footprints: ReadonlyMap<number, StoredFootprint>
}

/** States in which a branch waits for people and keeps its files. */
export const inReview: readonly ItemRow['state'][] = ['reviewing', 'approved', 'merging']

export class Backlog {
  /** Every system that is served, by id. */
  repos: ReadonlyMap<number, RepositoryRow>
  runs: Awaited<ReturnType<typeof liveRuns>> = []
  /** Agent hours of the last day, by system. */
  hours: ReadonlyMap<number, number> = new Map()
  /** Every item of a live system that is not finished. */
  readonly items = new Map<number, ItemRow>()
  /** Finished items that an open edge names or named: the settings say what follows. */
  readonly over = new Map<number, ItemRow>()
  /** What each unfinished item waits for or is made of. */
  readonly edges = new Map<number, readonly DependencyRow[]>()
  readonly footprints = new Map<number, StoredFootprint>()
  /** Items that are epics; that have a branch in work or in review; that may not start before a time. */
  readonly epics = new Set<number>()
  readonly active = new Set<number>()
  readonly timed = new Set<number>()
  readonly #named = new Map<string, ItemRow>()
  readonly #finished = new Map<string, ItemRow>()
  readonly #waiters = new Map<string, Set<number>>()

  constructor(repos: ReadonlyMap<number, RepositoryRow>) {
    this.repos = repos
  }

  /** The name by which edges speak of an item: `owner/name#12` in lower case. */
  nameOf(item: Pick<ItemRow, 'repositoryId' | 'issueNumber'>): string {
    return `${this.repos.get(item.repositoryId)?.fullName.toLowerCase() ?? ''}#${item.issueNumber}`
  }

  /** The item behind a name. What is done and yet open was opened again: that is nobody's item any more. */
  named(name: string): ItemRow | undefined {
    return this.#named.get(name)
  }

  /** The finished item behind a name that somebody waits for. */
  finished(name: string): ItemRow | undefined {
    return this.#finished.get(name)
  }

  /** Unfinished items with an edge that speaks of this name. */
  waitersOf(name: string): ReadonlySet<number> {
    return this.#waiters.get(name) ?? noIds
  }

  /**
   * Replaces all that was known of these items with `rows`.
   * @returns the items that something else may be true of now: these, and those that wait for one which came or went.
   */
  replace(ids: Iterable<number>, rows: Rows): Set<number> {
    const touched = new Set(ids)
    const fresh = new Map(rows.items.filter((row) => this.repos.has(row.repositoryId)).map((row) => [row.id, row]))
    const edges = Map.groupBy(rows.edges, (edge) => edge.dependentId)
    const over = rows.over.filter((row) => this.repos.has(row.repositoryId) && !touched.has(row.id))
    const appeared = new Set<string>()
    for (const id of touched) for (const name of this.#forget(id)) appeared.add(name)
    for (const id of touched) {
      const row = fresh.get(id)
      if (row && !terminalStates.includes(row.state)) {
        this.#keep(row, edges.get(id) ?? [], rows.footprints.get(id))
        appeared.add(this.nameOf(row))
      }
    }
    // After the edges: what is over matters as long as somebody waits for it.
    const ended = [...touched]
      .flatMap((id) => fresh.get(id) ?? [])
      .filter(({ state }) => terminalStates.includes(state))
    for (const row of [...ended, ...over]) {
      const name = this.nameOf(row)
      if (this.waitersOf(name).size === 0 || this.items.has(row.id)) continue
      this.over.set(row.id, row)
      this.#finished.set(name, row)
      if (row.state !== 'done') this.#named.set(name, row)
      appeared.add(name)
      touched.add(row.id)
    }
    for (const name of appeared) for (const id of this.waitersOf(name)) touched.add(id)
    return touched
  }

  #keep(row: ItemRow, edges: readonly DependencyRow[], footprint: StoredFootprint | undefined): void {
    this.items.set(row.id, row)
    this.#named.set(this.nameOf(row), row)
    this.edges.set(row.id, edges)
    for (const edge of edges) {
      const name = itemNameIn(edge)
      const waiting = this.#waiters.get(name)
      if (waiting) waiting.add(row.id)
      else this.#waiters.set(name, new Set([row.id]))
    }
    if (footprint) this.footprints.set(row.id, footprint)
    if (row.kind === 'epic') this.epics.add(row.id)
    if (activeStates.includes(row.state) || inReview.includes(row.state)) this.active.add(row.id)
    if (row.notBefore) this.timed.add(row.id)
  }

  /** @returns the name that it had. */
  #forget(id: number): string[] {
    const row = this.items.get(id) ?? this.over.get(id)
    for (const edge of this.edges.get(id) ?? []) {
      const name = itemNameIn(edge)
      const waiting = this.#waiters.get(name)
      waiting?.delete(id)
      if (waiting?.size === 0) this.#waiters.delete(name)
    }
    for (const rows of [this.items, this.over, this.edges, this.footprints]) rows.delete(id)
    for (const ids of [this.epics, this.active, this.timed]) ids.delete(id)
    if (!row) return []
    const name = this.nameOf(row)
    if (this.#finished.get(name)?.id === id) this.#finished.delete(name)
    if (this.#named.get(name)?.id === id) this.#named.delete(name)
    return [name]
  }
}

const noIds: ReadonlySet<number> = new Set()

/** The issue that an edge speaks of, as `owner/name#12`. */
export function itemNameIn(edge: Pick<DependencyRow, 'repository' | 'issueNumber'>): string {
  return `${edge.repository}#${edge.issueNumber}`
}

/** Reads everything. One query for each kind of row, none for each item. */
export async function loadBacklog(tx: Tx): Promise<Backlog> {
  const backlog = new Backlog(new Map((await servedRepositories(tx.db)).map((repo) => [repo.id, repo])))
  const items = await unfinishedItems(tx.db)
  const edges = await openDependencies(tx.db)
  const footprints = await openFootprints(tx.db)
  const alive = new Set(items.map((item) => backlog.nameOf(item)))
  const over = await finishedBlockers(tx.db, backlog.repos, edges, (name) => alive.has(name))
  backlog.replace(
    items.map(({ id }) => id),
    { items, edges, footprints, over },
  )
  await loadVolatile(tx, backlog)
  return backlog
}

/** Reads these items again. @returns as `Known.replace`. */
export async function reloadItems(tx: Tx, backlog: Backlog, ids: ReadonlySet<number>): Promise<Set<number>> {
  if (ids.size === 0) return new Set()
  const some = [...ids]
  const items = await itemsByIds(tx.db, some)
  const edges = await openDependencies(tx.db, some)
  const footprints = await openFootprints(tx.db, some)
  // Those that are read anew may just have been finished.
  const alive = (item: ItemRow | undefined) => item && backlog.items.has(item.id) && !ids.has(item.id)
  const over = await finishedBlockers(tx.db, backlog.repos, edges, (name) => alive(backlog.named(name)) === true)
  return backlog.replace(some, { items, edges, footprints, over })
}

/** Reads what is different at every look. */
export async function loadVolatile(tx: Tx, backlog: Backlog): Promise<void> {
  backlog.runs = await liveRuns(tx.db)
  // Turns are taken between several only.
  if (backlog.repos.size > 1) backlog.hours = await hoursOfDay(tx.db)
}

/**
 * Finished items that one of these edges names and waits for.
 * @param unfinished those that are known not to be.
 */
async function finishedBlockers(
  db: Database,
  repos: Backlog['repos'],
  edges: readonly DependencyRow[],
  unfinished: (name: string) => boolean,
): Promise<ItemRow[]> {
  const byRepository = new Map([...repos.values()].map((repo) => [repo.fullName.toLowerCase(), repo.id]))
  const asked = Map.groupBy(
    edges.filter((edge) => edge.blocker !== 'closed' && !unfinished(itemNameIn(edge))),
    (edge) => byRepository.get(edge.repository),
  )
  const found: ItemRow[] = []
  for (const [repositoryId, those] of asked) {
    if (repositoryId === undefined) continue
    const numbers = [...new Set(those.map(({ issueNumber }) => issueNumber))]
    // Postgres takes 65,535 values in one statement.
    for (let from = 0; from < numbers.length; from += 5_000) {
      const some = inArray(workItems.issueNumber, numbers.slice(from, from + 5_000))
      const over = inArray(workItems.state, [...terminalStates])
      found.push(
        ...(await db
          .select()
          .from(workItems)
          .where(and(eq(workItems.repositoryId, repositoryId), some, over))),
      )
    }
  }
  return found
}

const dayMs = 24 * 3_600_000

async function hoursOfDay(db: Database): Promise<Map<number, number>> {
  const since = new Date(Date.now() - dayMs)
  const rows = await db
    .select({ repositoryId: workItems.repositoryId, startedAt: runs.startedAt, endedAt: runs.endedAt })
    .from(runs)
    .innerJoin(workItems, eq(runs.workItemId, workItems.id))
    .where(and(isNotNull(runs.startedAt), ne(runs.agent, 'person'), or(isNull(runs.endedAt), gt(runs.endedAt, since))))
  const hours = new Map<number, number>()
  for (const { repositoryId, startedAt, endedAt } of rows) {
    const from = Math.max(startedAt?.getTime() ?? 0, since.getTime())
    const to = endedAt?.getTime() ?? Date.now()
    hours.set(repositoryId, (hours.get(repositoryId) ?? 0) + Math.max(0, to - from) / 3_600_000)
  }
  return hours
}
