/**
 * The backlog as one process keeps it between looks: what it knows, and the schedule built on that. A look tells it what
 * has changed and costs what that touches; the answers are those of a schedule built anew (`test/rooms/live.test.ts`).
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
import { type Circumstances, edgesOf, heldByEpics, itemOf, presentOf, snapshotOf } from './to-snapshot.ts'

/** More changes than this, and more than a quarter of the backlog, are read with everything else. */
const manyChanges = 500

/** What a look has taken in; `live` does not follow it yet. */
export interface RefreshedSchedule {
  live: LiveSchedule
  /** Items that something else may be true of than at the last look. */
  changed: ReadonlySet<number>
  circumstances: Circumstances
}

/**
 * Takes the schedule's lock until the transaction ends and brings what a process knows up to date, or reads all of it:
 * at first, where other rules hold than before, where much has changed, and where what changed cannot be told any more.
 * @param kept what the process has kept; undefined reads everything.
 * @param circumstancesOf asked once the rows are known.
 */
export async function refreshSchedule(
  tx: Tx,
  kept: LiveSchedule | undefined,
  past: History,
  circumstancesOf: (backlog: Backlog) => Promise<Circumstances>,
): Promise<RefreshedSchedule> {
  const { pass, changed: ids } = await lockAndReadDirtyItems(tx, kept?.pass)
  const repos = new Map((await servedRepositories(tx.db)).map((repo) => [repo.id, repo]))
  if (!kept || !ids || !kept.fits(repos) || isMany(ids, kept)) {
    const backlog = await loadBacklog(tx)
    await past.refresh(tx.db, backlog.repos)
    const circumstances = await circumstancesOf(backlog)
    return {
      live: new LiveSchedule(backlog, circumstances, pass),
      changed: new Set(backlog.items.keys()),
      circumstances,
    }
  }
  const { backlog } = kept
  kept.pass = pass
  backlog.repos = repos
  await loadVolatile(tx, backlog)
  const changed = await reloadItems(tx, backlog, ids)
  // What a finished item took and touched is worth learning.
  if ([...ids].some((id) => !backlog.items.has(id))) await past.refresh(tx.db, repos)
  return { live: kept, changed, circumstances: await circumstancesOf(backlog) }
}

function isMany(changed: ReadonlySet<number>, { backlog }: LiveSchedule): boolean {
  return changed.size > manyChanges && changed.size > backlog.items.size / 4
}

export class LiveSchedule {
  readonly backlog: Backlog
  readonly schedule: Schedule
  /** The number of the look that it is of. */
  pass: number
  #held: Map<number, Edge[]>
  #lessons: number

  /** Builds all of it, at the cost of the whole backlog. */
  constructor(backlog: Backlog, circumstances: Circumstances, pass: number) {
    this.backlog = backlog
    this.pass = pass
    this.schedule = new Schedule(snapshotOf(backlog, circumstances))
    this.#held = heldByEpics(backlog)
    this.#lessons = circumstances.past.lessons
  }

  /**
   * Brings the schedule up to what is known now.
   * @param changed items that something else may be true of, as `gatherAgain` returns them.
   * @param everything also goes through all other items, for estimates that are others since something was finished.
   * @returns the items that the scheduler should say something new about, where there is anything new to say.
   */
  follow(changed: ReadonlySet<number>, circumstances: Circumstances, everything: boolean): Set<number> {
    const { backlog, schedule } = this
    const { past, plan } = circumstances
    const items = new Set([...changed, ...this.#due(circumstances.now)])
    const before = this.#held
    this.#held = heldByEpics(backlog)
    const edges = new Set([...items, ...differing(before, this.#held)])
    for (const id of items) this.#tellItem(id, circumstances)
    for (const id of edges) this.#tellEdges(id)
    const { runs, ...limits } = presentOf(backlog, circumstances)
    this.#tellRuns(runs)
    schedule.apply({ kind: 'limits', limits })
    if (schedule.plan !== plan) schedule.apply({ kind: 'plan', plan })
    if (schedule.spread !== past.spread) schedule.apply({ kind: 'spread', spread: past.spread })
    if (everything && this.#lessons !== past.lessons) {
      for (const id of backlog.items.keys()) this.#tellItem(id, circumstances)
      this.#lessons = past.lessons
    }
    return this.#around(edges)
  }

  /**
   * Whether the systems and their rules are those that the schedule was built on; others need one built anew.
   * What a pause or another number changes is taken in by `follow`.
   */
  fits(repos: ReadonlyMap<number, RepositoryRow>): boolean {
    const { backlog } = this
    if (repos.size !== backlog.repos.size) return false
    for (const [id, repo] of repos) {
      const before = backlog.repos.get(id)
      if (before?.fullName !== repo.fullName || !isDeepStrictEqual(before.settings, repo.settings)) return false
    }
    return true
  }

  /** Items whose time to wait for has come since they were told. */
  #due(now: Date): number[] {
    return [...this.backlog.timed].filter((id) => {
      const item = this.backlog.items.get(id)
      const node = this.schedule.graph.nodes.get(String(id))
      return item?.notBefore && item.notBefore <= now && node?.item?.state === 'queued'
    })
  }

  #tellItem(id: number, circumstances: Circumstances): void {
    const { backlog, schedule } = this
    const row = backlog.items.get(id) ?? openAgain(backlog.over.get(id))
    const node = schedule.graph.nodes.get(String(id))
    if (!row) {
      if (node?.item) schedule.apply({ kind: 'item-removed', id: String(id) })
      return
    }
    const item = itemOf(row, backlog, circumstances)
    if (!isDeepStrictEqual(node?.item, item)) schedule.apply({ kind: 'item', item })
  }

  /** Takes away the edges that are no more, then adds those that are new. */
  #tellEdges(id: number): void {
    const { backlog, schedule } = this
    const row = backlog.items.get(id)
    const wanted = new Map((row ? edgesOf(row, backlog, this.#held) : []).map((edge) => [nameOf(edge), edge]))
    const told = new Map(toldOf(schedule.graph.nodes.get(String(id))).map((edge) => [nameOf(edge), edge]))
    for (const [name, edge] of told) if (!wanted.has(name)) schedule.apply({ kind: 'edge-removed', edge })
    for (const [name, edge] of wanted) {
      if (!isDeepStrictEqual(told.get(name), edge)) schedule.apply({ kind: 'edge', edge })
    }
  }

  #tellRuns(runs: readonly Run[]): void {
    const wanted = new Set(runs.map((run) => run.item))
    for (const id of [...this.schedule.runs.keys()]) {
      if (!wanted.has(id)) this.schedule.apply({ kind: 'run-ended', item: id })
    }
    for (const run of runs) this.schedule.apply({ kind: 'run', run })
  }

  /** These, and those that wait for one of them: what they wait for may be another thing now. */
  #around(ids: ReadonlySet<number>): Set<number> {
    const around = new Set(ids)
    for (const id of ids) {
      for (const link of this.schedule.graph.nodes.get(String(id))?.outs ?? []) around.add(Number(link.to.id))
    }
    return around
  }
}

/** What is done and yet named by an open edge was opened again: it holds as an issue that is no item of ours. */
function openAgain(row: ItemRow | undefined): ItemRow | undefined {
  return row?.state === 'done' ? undefined : row
}

/** Keys under which the two maps do not hold the same. */
function differing(before: ReadonlyMap<number, Edge[]>, after: ReadonlyMap<number, Edge[]>): number[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}

function toldOf(node: Node | undefined): Edge[] {
  return node ? [...node.ins.map(edgeOf), ...node.outside] : []
}

/** What makes an edge of one item the same edge: what it waits for, and where that was read. */
function nameOf({ source, blocker }: Edge): string {
  return JSON.stringify(blocker.kind === 'item' ? [source, 'item', blocker.id] : [source, 'outside', blocker.reference])
}
