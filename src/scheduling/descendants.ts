/** The issues below an epic, with those of the epics inside it. */

import { isPart } from '../db/epics.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'

export interface Descendants {
  /** The tasks, each once, in the order of the roadmaps. */
  tasks: ItemRow[]
  /** The names of all issues below, and the epic's own: `owner/name#12`. */
  names: Set<string>
  /** How many open issues below are no items. */
  outside: number
}

/** Finds the descendants of an epic. An epic that contains itself, or that is in two places, is visited once. */
export function descendantsOf(backlog: Backlog, epic: ItemRow): Descendants {
  const found: Descendants = { tasks: [], names: new Set([backlog.nameOf(epic)]), outside: 0 }
  visit(backlog, epic, found)
  return found
}

function visit(backlog: Backlog, epic: ItemRow, found: Descendants): void {
  const parts = (backlog.edges.get(epic.id) ?? [])
    .filter(isPart)
    .sort((one, other) => one.position - other.position || one.id - other.id)
  for (const edge of parts) {
    const name = itemNameIn(edge)
    if (found.names.has(name)) continue
    found.names.add(name)
    const item = backlog.named(name)
    if (item?.kind === 'epic') visit(backlog, item, found)
    else if (item && backlog.items.has(item.id)) found.tasks.push(item)
    else if (!item && edge.blocker === 'open') found.outside += 1
  }
}
