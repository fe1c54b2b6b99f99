/**
 * The backlog and the schedule that one process keeps between passes. A pass updates them with the changes, and its
 * cost depends on the changes. The decisions equal those of a new schedule
 * (`test/unit/scheduling/live-schedule.test.ts`).
 */

import { isDeepStrictEqual } from 'node:util'
import type { Tx } from '../db/connect.ts'
import { lockAndReadDirtyItems } from '../db/dirty-items.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { edgeOf, type Node } from '../scheduler/node.ts'
import { Schedule } from '../scheduler/schedule.ts'
import type { Edge, Run } from '../scheduler/types.ts'
import { type Backlog, loadBacklog, loadVolatile, reloadItems } from './backlog-snapshot.ts'
import type { History } from './history.ts'
import { derivedEdges, edgesOf, itemOf, type PassContext, runsAndLimitsOf, snapshotOf } from './to-snapshot.ts'

/** With more changes than this, and more than a quarter of the backlog, the whole backlog is read. */
const manyChanges = 500

/** What a pass has read. The schedule in `live` is not updated yet. */
export interface RefreshedSchedule {
  live: LiveSchedule
  /** Items that may have changed since the last pass. */
  changed: ReadonlySet<number>
  passContext: PassContext
}

/**
 * Takes the schedule's lock until the transaction ends, and reads the changes since the process's last pass. It reads
 * the whole backlog the first time, when the rules have changed, when much has changed, and when the changes are
 * unknown.
 * @param kept from the last pass; undefined reads the whole backlog.
 * @param contextOf called once the rows are read.
 */
export async function refreshSchedule(
  tx: Tx,
  kept: LiveSchedule | undefined,
  history: History,
  contextOf: (backlog: Backlog) => Promise<PassContext>,
): Promise<RefreshedSchedule> {
  const { pass, changed: ids } = await lockAndReadDirtyItems(tx, kept?.pass)
  const repos = new Map((await servedRepositories(tx.db)).map((repo) => [repo.id, repo]))
  if (!kept || !ids || !kept.isCompatible(repos) || isMany(ids, kept)) {
    const backlog = await loadBacklog(tx)
    await history.refresh(tx.db, backlog.repos)
    const passContext = await contextOf(backlog)
    return {
      live: new LiveSchedule(backlog, passContext, pass),
      changed: new Set(backlog.items.keys()),
      passContext,
    }
  }
  const { backlog } = kept
  kept.pass = pass
  backlog.repos = repos
  await loadVolatile(tx, backlog)
  const changed = await reloadItems(tx, backlog, ids)
  // The history uses finished items.
  if ([...ids].some((id) => !backlog.items.has(id))) await history.refresh(tx.db, repos)
  return { live: kept, changed, passContext: await contextOf(backlog) }
}

function isMany(changed: ReadonlySet<number>, { backlog }: LiveSchedule): boolean {
  return changed.size > manyChanges && changed.size > backlog.items.size / 4
}

export class LiveSchedule {
  readonly backlog: Backlog
  readonly schedule: Schedule
  /** The number of its last pass. */
  pass: number
  #derived: Map<number, Edge[]>
  #historyVersion: number

  /** Builds the schedule of the whole backlog. */
  constructor(backlog: Backlog, passContext: PassContext, pass: number) {
    this.backlog = backlog
    this.pass = pass
    this.schedule = new Schedule(snapshotOf(backlog, passContext))
    this.#derived = derivedEdges(backlog, passContext.runners)
    this.#historyVersion = passContext.history.version
  }

  /**
   * Applies the changes of the backlog to the schedule.
   * @param changed items that may have changed, as `reloadItems` returns them.
   * @param everything also updates all other items, whose estimates may have changed with the history.
   * @returns the items whose decision may have changed.
   */
  update(changed: ReadonlySet<number>, passContext: PassContext, everything: boolean): Set<number> {
    const { backlog, schedule } = this
    const { history, plan } = passContext
    const items = new Set([...changed, ...this.#due(passContext.now)])
    const before = this.#derived
    this.#derived = derivedEdges(backlog, passContext.runners)
    const edges = new Set([...items, ...changedKeys(before, this.#derived)])
    for (const id of items) this.#updateItem(id, passContext)
    for (const id of edges) this.#updateEdges(id)
    const { runs, ...limits } = runsAndLimitsOf(backlog, passContext)
    this.#updateRuns(runs)
    schedule.apply({ kind: 'limits', limits })
    if (schedule.plan !== plan) schedule.apply({ kind: 'plan', plan })
    if (schedule.spread !== history.spread) schedule.apply({ kind: 'spread', spread: history.spread })
    if (everything && this.#historyVersion !== history.version) {
      for (const id of backlog.items.keys()) this.#updateItem(id, passContext)
      this.#historyVersion = history.version
    }
    return this.#withDependents(edges)
  }

  /**
   * Whether the repositories and their rules are those of this schedule. Otherwise a new schedule is needed. Other
   * changes of a repository, such as a pause, are applied by `update`.
   */
  isCompatible(repos: ReadonlyMap<number, RepositoryRow>): boolean {
    const { backlog } = this
    if (repos.size !== backlog.repos.size) return false
    for (const [id, repo] of repos) {
      const before = backlog.repos.get(id)
      if (before?.fullName !== repo.fullName || !isDeepStrictEqual(before.settings, repo.settings)) return false
    }
    return true
  }

  /** Whether an item waits for others, as of the last update. */
  isBlocked(id: number): boolean {
    const node = this.schedule.graph.nodes.get(String(id))
    return node !== undefined && (node.ins.length > 0 || node.outside.length > 0)
  }

  /** Delayed items that are due now. */
  #due(now: Date): number[] {
    return [...this.backlog.delayed].filter((id) => {
      const item = this.backlog.items.get(id)
      const node = this.schedule.graph.nodes.get(String(id))
      return item?.notBefore && item.notBefore <= now && node?.item?.state === 'queued'
    })
  }

  #updateItem(id: number, passContext: PassContext): void {
    const { backlog, schedule } = this
    const row = backlog.items.get(id) ?? unlessDone(backlog.finishedItems.get(id))
    const node = schedule.graph.nodes.get(String(id))
    if (!row) {
      if (node?.item) schedule.apply({ kind: 'item-removed', id: String(id) })
      return
    }
    const item = itemOf(row, backlog, passContext)
    if (!isDeepStrictEqual(node?.item, item)) schedule.apply({ kind: 'item', item })
  }

  /** Removes the edges that no longer exist, then adds the new ones. */
  #updateEdges(id: number): void {
    const { backlog, schedule } = this
    const row = backlog.items.get(id)
    const present = new Map((row ? edgesOf(row, backlog, this.#derived) : []).map((edge) => [keyOf(edge), edge]))
    const known = new Map(edgesOfNode(schedule.graph.nodes.get(String(id))).map((edge) => [keyOf(edge), edge]))
    for (const [key, edge] of known) if (!present.has(key)) schedule.apply({ kind: 'edge-removed', edge })
    for (const [key, edge] of present) {
      if (!isDeepStrictEqual(known.get(key), edge)) schedule.apply({ kind: 'edge', edge })
    }
  }

  #updateRuns(runs: readonly Run[]): void {
    const present = new Set(runs.map((run) => run.item))
    for (const id of [...this.schedule.runs.keys()]) {
      if (!present.has(id)) this.schedule.apply({ kind: 'run-ended', item: id })
    }
    for (const run of runs) this.schedule.apply({ kind: 'run', run })
  }

  /** These items and their dependents, whose blockers may have changed. */
  #withDependents(ids: ReadonlySet<number>): Set<number> {
    const found = new Set(ids)
    for (const id of ids) {
      for (const link of this.schedule.graph.nodes.get(String(id))?.outs ?? []) found.add(Number(link.to.id))
    }
    return found
  }
}

/** The issue of a done item that an open edge names was reopened: it counts as an issue that is no item. */
function unlessDone(row: ItemRow | undefined): ItemRow | undefined {
  return row?.state === 'done' ? undefined : row
}

/** The keys whose values differ in the two maps. */
function changedKeys(before: ReadonlyMap<number, Edge[]>, after: ReadonlyMap<number, Edge[]>): number[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}

function edgesOfNode(node: Node | undefined): Edge[] {
  return node ? [...node.ins.map(edgeOf), ...node.outside] : []
}

/** The key of an edge of one item: its source and its blocker. */
function keyOf({ source, blocker }: Edge): string {
  return JSON.stringify(blocker.kind === 'item' ? [source, 'item', blocker.id] : [source, 'outside', blocker.reference])
}
