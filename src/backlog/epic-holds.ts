/** What an epic waits for: nobody builds an epic, so it is its parts that wait. */

import { partSources } from '../store/epics.ts'
import type { DependencyRow, ItemRow } from '../store/items.ts'
import type { Known } from './known.ts'
import type { Edge } from './schedule/types.ts'

type Backlog = Pick<Known, 'systems' | 'items' | 'edges'>

/** What is below an epic, through the epics inside it. */
interface Below {
  /** What is to be built. */
  tasks: Map<number, ItemRow>
  /** The names of all issues below, and its own: `owner/name#12`. */
  names: Set<string>
}

/**
 * The edges by which parts wait for what their epics wait for. Pure. An epic that names a part of its own as something it
 * waits for says nothing that its parts do not: they would wait for themselves.
 * @param asEdges gives the edge of a row as the scheduler takes it; none where it holds nothing back.
 */
export function epicHolds(known: Backlog, asEdges: (row: DependencyRow) => Edge[]): Edge[] {
  const waiting = Map.groupBy(known.edges.filter(holds), (row) => row.dependentId)
  const epics = [...known.items.values()].filter((item) => item.kind === 'epic' && waiting.has(item.id))
  if (epics.length === 0) return []
  const belowOf = reader(known)
  return epics.flatMap((epic) => {
    const { tasks, names } = belowOf(epic)
    const name = nameOf(known, epic)
    const rows = (waiting.get(epic.id) ?? []).filter((row) => !names.has(keyOf(row)))
    return rows.flatMap((row) =>
      asEdges(row).flatMap(({ blocker, source }) =>
        // What it waits for does not keep an item from being planned.
        [...tasks.values()].flatMap((task): Edge[] =>
          task.state === 'planning' ? [] : [{ item: String(task.id), blocker, source: `epic:${name}:${source}` }],
        ),
      ),
    )
  })
}

/** Whether a row says what its item waits for, and that is still open. */
function holds(row: DependencyRow): boolean {
  return row.blocker !== 'closed' && !isPart(row)
}

function isPart(row: DependencyRow): boolean {
  return partSources.some((source) => source === row.source)
}

function keyOf({ repository, issueNumber }: DependencyRow): string {
  return `${repository}#${issueNumber}`
}

function nameOf({ systems }: Backlog, item: ItemRow): string {
  return `${systems.get(item.systemId)?.fullName.toLowerCase()}#${item.issueNumber}`
}

function reader(known: Backlog): (epic: ItemRow) => Below {
  const parts = Map.groupBy(known.edges.filter(isPart), (row) => row.dependentId)
  const byName = new Map([...known.items.values()].map((item) => [nameOf(known, item), item]))
  return (epic) => {
    const below: Below = { tasks: new Map(), names: new Set([nameOf(known, epic)]) }
    const epics = [epic]
    for (const one of epics) {
      for (const row of parts.get(one.id) ?? []) {
        const key = keyOf(row)
        const item = byName.get(key)
        if (below.names.has(key)) continue
        below.names.add(key)
        if (item?.kind === 'epic') epics.push(item)
        else if (item) below.tasks.set(item.id, item)
      }
    }
    return below
  }
}
