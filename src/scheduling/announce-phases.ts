/** Announces the phases of the roadmaps that a pass has changed. */

import { announcePhase, lastPhases } from '../db/announcements.ts'
import type { Tx } from '../db/connect.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type PartStatus, partStatus } from '../domain/part-status.ts'
import { phaseKey, phasesAtStart, phaseToAnnounce } from '../domain/phases.ts'
import type { Backlog } from './backlog-snapshot.ts'
import { type Descendants, descendantsOf } from './descendants.ts'

/** A roadmap of which something has changed. */
interface ChangedRoadmap {
  epic: ItemRow
  below: Descendants
  /** The phase that was announced last, as `phaseKey`. */
  last: string | undefined
}

/** What a pass has to say about roadmaps, before and after it starts agents. */
export class RoadmapPhases {
  readonly #roadmaps: readonly ChangedRoadmap[]
  readonly #starts: ReadonlySet<number>

  private constructor(roadmaps: readonly ChangedRoadmap[], starts: ReadonlySet<number>) {
    this.#roadmaps = roadmaps
    this.#starts = starts
  }

  /**
   * Finds the roadmaps above changed items; nothing is read where there are none.
   * @param changed items that have changed since the last pass. @param starts the items that this pass starts to build.
   */
  static async read(
    tx: Tx,
    backlog: Backlog,
    changed: ReadonlySet<number>,
    starts: ReadonlySet<number>,
  ): Promise<RoadmapPhases> {
    const epics = roadmapsAbove(backlog, [...changed, ...starts]).filter(({ state }) => state === 'ready')
    const last = await lastPhases(
      tx.db,
      epics.map(({ id }) => id),
    )
    const roadmaps = epics.map((epic) => ({ epic, below: descendantsOf(backlog, epic), last: last.get(epic.id) }))
    return new RoadmapPhases(roadmaps, starts)
  }

  /** Announces the agents that are about to start. */
  async announceStarts(tx: Tx): Promise<void> {
    for (const roadmap of this.#roadmaps) {
      const { tasks } = roadmap.below
      const agents = tasks.filter(({ id }) => this.#starts.has(id)).length
      if (agents === 0) continue
      for (const phase of phasesAtStart(roadmap.last, agents)) {
        await announcePhase(tx, roadmap.epic, phase)
        roadmap.last = phaseKey(phase)
      }
    }
  }

  /** Announces the phase that each roadmap is in now. @param waits whether an item waits for others. */
  async announceNow(tx: Tx, waits: (item: ItemRow) => boolean): Promise<void> {
    for (const { epic, below, last } of this.#roadmaps) {
      const phase = phaseToAnnounce(last, this.#statusesOf(below, waits))
      if (phase) await announcePhase(tx, epic, phase)
    }
  }

  #statusesOf({ tasks, outside }: Descendants, waits: (item: ItemRow) => boolean): PartStatus[] {
    const statuses = tasks.map((item): PartStatus => {
      if (this.#starts.has(item.id)) return 'running'
      const facts = {
        key: '',
        repository: '',
        number: item.issueNumber,
        heading: '',
        issue: 'open' as const,
        after: [],
      }
      return partStatus({ ...facts, item, waitsFor: waits(item) ? [''] : [] })
    })
    return [...statuses, ...Array.from({ length: outside }, (): PartStatus => 'outside')]
  }
}

/** The epics among these items and above them. */
function roadmapsAbove(backlog: Backlog, ids: readonly number[]): ItemRow[] {
  if (backlog.epics.size === 0) return []
  const found = new Map<number, ItemRow>()
  const visited = new Set<number>()
  const next = [...ids]
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (visited.has(id)) continue
    visited.add(id)
    const item = backlog.items.get(id)
    if (!item) continue
    if (item.kind === 'epic') found.set(id, item)
    for (const above of backlog.dependentsOf(backlog.nameOf(item))) if (backlog.epics.has(above)) next.push(above)
  }
  return [...found.values()]
}
