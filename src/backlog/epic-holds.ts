/** What an epic waits for: nobody builds an epic, so it is its parts that wait. */

import { partSources } from '../store/epics.ts'
import type { DependencyRow, ItemRow } from '../store/items.ts'
import { type Known, nameIn } from './known.ts'
import type { Edge } from './schedule/types.ts'

/** What is below an epic, through the epics inside it. */
interface Below {
  /** What is to be built. */
  tasks: Map<number, ItemRow>
  /** The names of all issues below, and its own: `owner/name#12`. */
  names: Set<string>
}

/**
 * The edges by which parts wait for what their epics wait for, by the part. Pure. An epic that names a part of its own as
 * something it waits for says nothing that its parts do not: they would wait for themselves.
 * @param asEdges gives the edge of a row as the scheduler takes it; none where it holds nothing back.
 */
export function epicHolds(known: Known, asEdges: (row: DependencyRow) => Edge[]): Map<number, Edge[]> {
  const held = new Map<number, Edge[]>()
  for (const id of known.epics) {
    const epic = known.items.get(id)
    const waiting = (known.edges.get(id) ?? []).filter(holds)
    if (!epic || waiting.length === 0) continue
    const { tasks, names } = below(known, epic)
    const name = known.nameOf(epic)
    for (const row of waiting.filter((one) => !names.has(nameIn(one)))) {
      for (const { blocker, source } of asEdges(row)) {
        for (const task of tasks.values()) {
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

function isPart(row: DependencyRow): boolean {
  return partSources.some((source) => source === row.source)
}

function below(known: Known, epic: ItemRow): Below {
  const found: Below = { tasks: new Map(), names: new Set([known.nameOf(epic)]) }
  const epics = [epic]
  for (const one of epics) {
    for (const row of (known.edges.get(one.id) ?? []).filter(isPart)) {
      const name = nameIn(row)
      const item = known.named(name)
      if (found.names.has(name)) continue
      found.names.add(name)
      if (item?.kind === 'epic') epics.push(item)
      else if (item && known.items.has(item.id)) found.tasks.set(item.id, item)
    }
  }
  return found
}
