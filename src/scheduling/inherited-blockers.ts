/** What an epic waits for: nobody builds an epic, so it is its parts that wait. */

import type { DependencyRow } from '../db/dependencies.ts'
import { isPart } from '../db/epics.ts'
import type { Edge } from '../scheduler/types.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'
import { descendantsOf } from './descendants.ts'

/**
 * The edges by which parts wait for what their epics wait for, by the part. Pure. An epic that names a part of its own as
 * something it waits for says nothing that its parts do not: they would wait for themselves.
 * @param asEdges gives the edge of a row as the scheduler takes it; none where it holds nothing back.
 */
export function inheritedBlockers(backlog: Backlog, asEdges: (row: DependencyRow) => Edge[]): Map<number, Edge[]> {
  const held = new Map<number, Edge[]>()
  for (const id of backlog.epics) {
    const epic = backlog.items.get(id)
    const waiting = (backlog.edges.get(id) ?? []).filter(holds)
    if (!epic || waiting.length === 0) continue
    const { tasks, names } = descendantsOf(backlog, epic)
    const name = backlog.nameOf(epic)
    for (const row of waiting.filter((one) => !names.has(itemNameIn(one)))) {
      for (const { blocker, source } of asEdges(row)) {
        for (const task of tasks) {
          // What it waits for does not keep an item from being planned.
          if (task.state === 'planning') continue
          const edge: Edge = { item: String(task.id), blocker, source: `epic:${name}:${source}` }
          held.set(task.id, [...(held.get(task.id) ?? []), edge])
        }
      }
    }
  }
  return held
}

/** Whether a row says what its item waits for, and that is still open. */
function holds(row: DependencyRow): boolean {
  return row.blocker !== 'closed' && !isPart(row)
}
