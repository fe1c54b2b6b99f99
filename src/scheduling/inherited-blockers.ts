/** The blockers of an epic: no agent builds an epic, so its parts wait for them. */

import type { DependencyRow } from '../db/dependencies.ts'
import { isPart } from '../db/epics.ts'
import type { Edge } from '../scheduler/types.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'
import { descendantsOf } from './descendants.ts'

/**
 * The edges from the blockers of epics to their parts, by the part. Pure. A blocker of an epic that is one of its own
 * parts is ignored: the parts would wait for themselves.
 * @param asEdges the scheduler's edge of a row; none where the row does not block.
 */
export function inheritedBlockers(backlog: Backlog, asEdges: (row: DependencyRow) => Edge[]): Map<number, Edge[]> {
  const inherited = new Map<number, Edge[]>()
  for (const id of backlog.epics) {
    const epic = backlog.items.get(id)
    const blockers = (backlog.edges.get(id) ?? []).filter(isOpenBlocker)
    if (!epic || blockers.length === 0) continue
    const { tasks, names } = descendantsOf(backlog, epic)
    const name = backlog.nameOf(epic)
    for (const row of blockers.filter((edge) => !names.has(itemNameIn(edge)))) {
      for (const { blocker, source } of asEdges(row)) {
        for (const task of tasks) {
          // Blockers do not prevent planning.
          if (task.state === 'planning') continue
          const edge: Edge = { item: String(task.id), blocker, source: `epic:${name}:${source}` }
          inherited.set(task.id, [...(inherited.get(task.id) ?? []), edge])
        }
      }
    }
  }
  return inherited
}

/** Whether a row names an open blocker, and not a part. */
function isOpenBlocker(row: DependencyRow): boolean {
  return row.blocker !== 'closed' && !isPart(row)
}
